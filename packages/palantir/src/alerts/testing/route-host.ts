/** A real server with these routes and nothing else. */
import { contract, createConfig, serve, testTelemetry } from '@goblin/core';
import { clusterKey, startHost } from '@goblin/mesh';
import { temporaryFolder } from '../../store/fixtures/folder.ts';
import type { Routes } from '../../web/access.ts';

export interface RouteHost extends AsyncDisposable {
  /** @returns the status and the body as JSON */
  ask(method: string, path: string, body?: unknown): Promise<[status: number, body: unknown]>;
}

export async function routeHost(routes: Routes): Promise<RouteHost> {
  const folder = temporaryFolder();
  const host = await startHost(
    serve(contract('routes.v1', {}), {}, async () => ({ routes })),
    {
      ...{ name: 'routes', version: '1', folder: folder.path, dataFolder: folder.path, lameDuckMs: 0 },
      config: createConfig({ service: 'routes', env: {} }).read,
      telemetry: testTelemetry(),
      finders: [],
      clusterKey: clusterKey({ cluster: 'test', secret: ['0123456789abcdef0123456789abcdef'] }),
    },
  );
  return {
    async ask(method, path, body) {
      const response = await fetch(`http://127.0.0.1:${host.address.port}${path}`, {
        method,
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      return [response.status, await response.json()];
    },
    async [Symbol.asyncDispose]() {
      await host.stop();
      folder[Symbol.dispose]();
    },
  };
}
