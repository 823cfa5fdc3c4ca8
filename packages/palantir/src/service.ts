/** Palantir as a service: a store, where telemetry is sent to, and how it is asked for. */
import { contract, type ServiceDefinition, serve } from '@goblin/core';
import { ingestRoutes } from './api/ingest-routes.ts';
import { prometheusRoutes } from './api/prometheus-routes.ts';
import { readRoutes } from './api/read-routes.ts';
import { openStore, type StoreOptions, type TelemetryStore } from './store/store.ts';

/** It is spoken to in the protocols of others; procedures of its own are to come. */
export const palantirContract = contract('palantir.v1', {});

/** @example await startHost(palantir({ folder: '.goblin/palantir', retention: { days: 7, bytes: 5e9 } }), …) */
export function palantir(options: StoreOptions): ServiceDefinition<typeof palantirContract> {
  return serve(palantirContract, {}, async (app) => {
    const store: TelemetryStore = await app.use({
      name: 'telemetry store',
      start: () => openStore(options),
      stop: (opened: TelemetryStore) => opened.close(),
    });
    const routes = {
      ...ingestRoutes(store, app.telemetry.metrics),
      ...prometheusRoutes(store),
      ...readRoutes(store),
    };
    return { routes };
  });
}
