/** Keeps and shows the telemetry of this project in this process. What runs it is told by the supervisor. */
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { PalantirModel } from '@goblin/core';
import { logsFolder } from '@goblin/deploy';
import { type Host, startHost } from '@goblin/mesh';
import { palantir, tokenOf } from '@goblin/palantir';
import { palantirFolder } from '../services/palantir-link.ts';
import { mailerBy, PALANTIR_SETTINGS } from '../services/palantir-settings.ts';
import { supervisedSwarm } from '../services/supervised-swarm.ts';
import { type Serving, serveUntilStopped } from './lifetime.ts';
import { hostOptionsOf, type PlatformProcess } from './process.ts';

const DAY_MS = 86_400_000;

export function runPalantir(self: PlatformProcess, model: PalantirModel): Promise<number> {
  return serveUntilStopped(self, () => start(self, model));
}

async function start(self: PlatformProcess, model: PalantirModel): Promise<Serving> {
  const { config, settings, project } = self;
  await using opened = new AsyncDisposableStack();
  const folder = palantirFolder(project.dataFolder);
  const { SMTP_URL: smtpUrl, PALANTIR_MAIL_FROM: from, ...own } = config.read(PALANTIR_SETTINGS);
  const mailer = smtpUrl && opened.use(mailerBy(smtpUrl, self.log, folder));
  config.finish();
  const port = settings.GOBLIN_PORT ?? model.port;
  let host: Host | undefined;
  const definition = palantir({
    app: project.model.name,
    folder,
    retention: { days: Math.ceil(model.keepMs / DAY_MS), bytes: model.keepBytes },
    token: await tokenOf(folder),
    baseUrl: own.PALANTIR_URL ?? `http://${model.hosts[0] ?? 'localhost'}:${port}`,
    hosts: model.hosts,
    peers: () => host?.mesh.directory.peers ?? [],
    swarm: [supervisedSwarm(project.dataFolder, hostname())],
    logs: logsFolder(project.dataFolder),
    settings: resolve(project.folder, own.PALANTIR_SETTINGS ?? model.settings),
    ...(mailer && { sendMail: (mail, signal) => mailer.send({ from, ...mail }, signal) }),
  });
  host = await startHost(definition, {
    ...hostOptionsOf(self),
    host: settings.GOBLIN_HOST ?? model.host,
    port,
    // It is asked when all else is overloaded; what it takes in and reads at once is bounded by its store.
    admission: false,
    // Nobody's call is on the way to it; the time is for the last telemetry.
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
