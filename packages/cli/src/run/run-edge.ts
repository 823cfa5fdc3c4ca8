/** Runs the edge in this process. */
import type { EdgeSpec } from '@goblin/core';
import { startEdge } from '@goblin/edge';
import { controlDoor, joinMesh, meshOrders, meshTransport } from '@goblin/mesh';
import { type Serving, serveUntilStopped } from './lifetime.ts';
import type { PlatformProcess } from './process.ts';

export function runEdge(self: PlatformProcess, spec: EdgeSpec): Promise<number> {
  return serveUntilStopped(self, () => start(self, spec));
}

async function start(self: PlatformProcess, spec: EdgeSpec): Promise<Serving> {
  const { settings, supervisor, telemetry, clusterKey } = self;
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
    clusterKey,
    telemetry,
    transport: meshTransport({ telemetry, instance: self.instance }),
  });
  const control = controlDoor({
    clusterKey,
    self: () => mesh.self,
    orders: meshOrders(mesh),
    log: telemetry.log,
    metrics: telemetry.metrics,
  });
  const edge = await startEdge({
    spec,
    mesh,
    telemetry,
    doors: { control, peerExchange: mesh.peerExchange },
    ...(settings.GOBLIN_HOST !== undefined && { host: settings.GOBLIN_HOST }),
    ...(settings.GOBLIN_PORT !== undefined && { port: settings.GOBLIN_PORT }),
  }).catch(async (error: unknown) => {
    await mesh.stop();
    throw error;
  });
  supervisor?.onRoutes((next) => edge.reload(next));
  mesh.announce({ address: edge.address, state: 'ready' });
  return {
    url: `${spec.tls ? 'https' : 'http'}://${edge.address.host}:${edge.address.port}`,
    async stop(timeoutMs) {
      mesh.announce({ state: 'draining' });
      await edge.stop(timeoutMs);
      await mesh.stop();
    },
  };
}
