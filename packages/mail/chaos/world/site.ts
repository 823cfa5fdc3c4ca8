/** A site: a PostgreSQL in a folder of its own, with the tables of the books and the invariant log, as the service `chaos` sees it. */
import { join } from 'node:path';
import { createConfig, createRuntime, testTelemetry } from '@goblin/core';
import { attachOrStart, type Database, installSchema, postgres } from '@goblin/data';
import type { KillableServer } from './world.ts';

export interface Site extends AsyncDisposable {
  readonly folder: string;
  readonly db: Database;
  readonly postgres: KillableServer;
}

/** @param folder where others may pass: root's server runs as another user */
export async function openSite(name: string, folder: string): Promise<Site> {
  await using opened = new AsyncDisposableStack();
  const runtime = createRuntime({
    service: 'chaos',
    instance: `books-${name}`,
    telemetry: testTelemetry(),
    config: createConfig({ service: 'chaos', env: {} }).read,
    dataFolder: folder,
    stopping: new AbortController().signal,
  });
  opened.defer(() => runtime.stop());
  const db = await runtime.use(postgres({ migrations: new URL('./migrations', import.meta.url) }));
  await installSchema(db, 'goblin_watch', new URL('./watch', import.meta.url));
  const server = await attachOrStart(join(folder, 'postgres'));
  opened.defer(() => server.release());
  const kept = opened.move();
  return {
    folder,
    db,
    postgres: {
      name: `PostgreSQL (${name})`,
      async kill() {
        await server.revive();
        process.kill(server.pid, 'SIGKILL');
      },
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
