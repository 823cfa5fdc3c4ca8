/** A store behind its routes, on a port of its own, for tests. */
import { contract, createConfig, serve, testTelemetry } from '@goblin/core';
import { clusterKey, startHost } from '@goblin/mesh';
import { temporaryFolder } from '../../store/fixtures/folder.ts';
import { openStore, type TelemetryStore } from '../../store/store.ts';
import { logsRoutes } from '../logs-routes.ts';
import { prometheusRoutes } from '../prometheus-routes.ts';
import { statsRoute } from '../stats-route.ts';
import { tracesRoutes } from '../traces-routes.ts';

export interface TestHost extends AsyncDisposable {
  readonly store: TelemetryStore;
  readonly url: string;
  get(path: string, params?: Record<string, string>): Promise<Response>;
}

export async function testHost(): Promise<TestHost> {
  const folder = temporaryFolder();
  const store = await openStore({ folder: folder.path, retention: { days: 5, bytes: 1e9 } });
  const definition = serve(contract('telemetry.v1', {}), {}, async () => ({
    routes: {
      ...logsRoutes(store),
      ...tracesRoutes(store),
      ...statsRoute(store),
      ...prometheusRoutes(store),
    },
  }));
  const host = await startHost(definition, {
    name: 'telemetry',
    version: '1',
    folder: folder.path,
    dataFolder: folder.path,
    config: createConfig({ service: 'telemetry', env: {} }).read,
    telemetry: testTelemetry(),
    finders: [],
    clusterKey: clusterKey({ cluster: 'test', secret: ['0123456789abcdef0123456789abcdef'] }),
    lameDuckMs: 0,
  });
  const url = `http://127.0.0.1:${host.address.port}`;
  return {
    store,
    url,
    get: (path, params = {}) => fetch(`${url}${path}?${new URLSearchParams(params)}`),
    async [Symbol.asyncDispose]() {
      await host.stop();
      await store.close();
      folder[Symbol.dispose]();
    },
  };
}
