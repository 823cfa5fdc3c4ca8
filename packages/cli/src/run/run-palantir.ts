/** Keeps and shows the telemetry of this project in this process. What runs it is told by the supervisor. */
import { hostname } from 'node:os';
import type { PalantirModel } from '@goblin/core';
import { startHost } from '@goblin/mesh';
import { palantir, tokenOf } from '@goblin/palantir';
import { palantirFolder } from '../services/palantir-link.ts';
import { supervisedSwarm } from '../services/supervised-swarm.ts';
import { type Serving, serveUntilStopped } from './lifetime.ts';
import type { PlatformProcess } from './process.ts';

const DAY_MS = 86_400_000;

export function runPalantir(self: PlatformProcess, model: PalantirModel): Promise<number> {
  return serveUntilStopped(self, () => start(self, model));
}

async function start(self: PlatformProcess, model: PalantirModel): Promise<Serving> {
  const { config, settings, project } = self;
  config.finish();
  const folder = palantirFolder(project.dataFolder);
  const definition = palantir({
    app: project.model.name,
    folder,
    retention: { days: Math.ceil(model.keepMs / DAY_MS), bytes: model.keepBytes },
    token: await tokenOf(folder),
    hosts: model.hosts,
    swarm: [supervisedSwarm(project.dataFolder, hostname())],
  });
  const host = await startHost(definition, {
    name: self.name,
    version: self.version,
    instance: self.instance,
    host: settings.GOBLIN_HOST ?? model.host,
    port: settings.GOBLIN_PORT ?? model.port,
    folder: project.folder,
    dataFolder: project.dataFolder,
    config: config.read,
    telemetry: self.telemetry,
    finders: self.finders,
    clusterKey: self.clusterKey,
    // Nobody's call is on the way to it; the time is for the last telemetry.
    lameDuckMs: 0,
  });
  return {
    url: `http://${host.address.host}:${host.address.port}`,
    stop: (timeoutMs) => host.stop(timeoutMs),
  };
}
