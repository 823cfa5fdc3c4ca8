/** Stands beside a program that is not ours: runs it, tells the mesh of it in its name while it is healthy, and ends
 * when it ends. */
import { constants } from 'node:os';
import type { ServiceModel } from '@goblin/core';
import { startProgram } from '@goblin/deploy/program';
import { joinMesh, meshTransport } from '@goblin/mesh';
import { type Serving, serveUntilStopped } from './lifetime.ts';
import type { PlatformProcess } from './process.ts';

export function runProgram(
  self: PlatformProcess,
  model: ServiceModel & { kind: 'program' },
): Promise<number> {
  return serveUntilStopped(self, () => start(self, model));
}

async function start(self: PlatformProcess, model: ServiceModel & { kind: 'program' }): Promise<Serving> {
  const { telemetry, project, log } = self;
  self.config.finish();
  const mesh = await joinMesh({
    self: {
      instance: self.instance,
      service: self.name,
      version: self.version,
      contracts: [],
      address: undefined,
    },
    finders: self.finders,
    clusterKey: self.clusterKey,
    telemetry,
    transport: meshTransport({ telemetry, instance: self.instance }),
  });
  const healthy = Promise.withResolvers<void>();
  const program = await startProgram({
    spec: model,
    cwd: project.folder,
    env: { ...model.env, ...process.env },
    onHealth(ready) {
      if (ready) healthy.resolve();
      else log.warn(`${model.name} no longer answers ${model.health} well`);
      mesh.announce({
        address: { host: '127.0.0.1', port: model.port },
        state: ready ? 'ready' : 'starting',
      });
    },
  }).catch(async (error: unknown) => {
    await mesh.stop();
    throw error;
  });
  const ended = program.ended.then(async (how) => {
    await mesh.stop();
    return typeof how === 'number' ? how || 1 : 128 + constants.signals[how];
  });
  const failedCode = await Promise.race([healthy.promise, ended]);
  if (failedCode !== undefined)
    throw new Error(`\`${model.command}\` ended with exit code ${failedCode} before it was ready`);
  return {
    url: `http://${program.host}:${program.port}`,
    ended,
    async stop(timeoutMs) {
      mesh.announce({ state: 'draining' });
      await program.stop(timeoutMs);
      await mesh.stop();
    },
  };
}
