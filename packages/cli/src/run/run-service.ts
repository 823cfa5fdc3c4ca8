/** Runs a service of ours in this process. */
import { resolve } from 'node:path';
import type { ServiceModel } from '@goblin/core';
import { parseSleuthSetting, startHost } from '@goblin/mesh';
import { loadDefinition } from '../services/definition.ts';
import { type Serving, serveUntilStopped } from './lifetime.ts';
import { linkPathOf, removeDeadSockets } from './link-path.ts';
import { hostOptionsOf, type PlatformProcess } from './process.ts';

export function runService(
  self: PlatformProcess,
  model: ServiceModel & { kind: 'service' },
): Promise<number> {
  return serveUntilStopped(self, () => start(self, model));
}

async function start(self: PlatformProcess, model: ServiceModel & { kind: 'service' }): Promise<Serving> {
  const { config, settings, project } = self;
  const folder = resolve(project.folder, model.from);
  const linkPath = linkPathOf(project, self.instance);
  const sleuth = parseSleuthSetting(settings.GOBLIN_SLEUTH);
  const host = await startHost(await loadDefinition(model.name, folder), {
    ...hostOptionsOf(self),
    folder,
    ...(linkPath !== undefined && { linkPath }),
    ...(sleuth && { sleuth }),
  });
  void removeDeadSockets(project);
  try {
    config.finish();
  } catch (error) {
    await host.stop(0);
    throw error;
  }
  return {
    url: `http://${host.address.host}:${host.address.port}`,
    stop: (timeoutMs) => host.stop(timeoutMs),
  };
}
