/** Makes the backups of the embedded database in this process, as the app model says. */
import type { BackupSpec } from '@goblin/core';
import { attachOrStart, backupService } from '@goblin/data';
import { startHost } from '@goblin/mesh';
import type { Io } from '../command.ts';
import { backupPlaces } from '../services/backups.ts';
import { type Serving, serveUntilStopped } from './lifetime.ts';
import { hostOptionsOf, type PlatformProcess } from './process.ts';

export function runBackup(self: PlatformProcess, spec: BackupSpec, env: Io['env']): Promise<number> {
  return serveUntilStopped(self, () => start(self, spec, env));
}

async function start(self: PlatformProcess, spec: BackupSpec, env: Io['env']): Promise<Serving> {
  const { config, project, log } = self;
  await using opened = new AsyncDisposableStack();
  const places = opened.use(await backupPlaces(project, config.read, env));
  const { vault, key, isNew, auditKey } = places;
  config.finish();
  if (isNew) {
    const advice = 'keep a copy of it in another place: without it nobody can read the backups';
    log.warn({ file: key.file }, `the key of the backups was made: ${advice}`);
  }
  const server = await attachOrStart(places.folder);
  opened.defer(() => server.release());
  const host = await startHost(backupService({ server, vault }, { ...spec, auditKey }), {
    ...hostOptionsOf(self),
    // Nobody's call is on the way to it; the time is for the last of the log.
    lameDuckMs: 0,
  });
  const running = opened.move();
  return {
    url: `http://${host.address.host}:${host.address.port}`,
    async stop(timeoutMs) {
      await host.stop(timeoutMs);
      await running.disposeAsync();
    },
  };
}
