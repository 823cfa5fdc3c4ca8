/** Palantir as a service: what keeps telemetry, where it is sent to, how it is asked for, and the pages that show it. */
import { contract, type ServiceDefinition, serve, systemClock } from '@goblin/core';
import { ingestRoutes } from './api/ingest-routes.ts';
import { prometheusRoutes } from './api/prometheus-routes.ts';
import { readRoutes } from './api/read-routes.ts';
import { createChangeLog } from './changes/change-log.ts';
import { liveRoutes } from './live/live-routes.ts';
import { liveWall } from './live/live-wall.ts';
import { openState } from './state/state-database.ts';
import { openStore, type StoreOptions, type TelemetryStore } from './store/store.ts';
import type { SwarmSource } from './swarm/swarm-state.ts';
import { swarmWatch } from './swarm/swarm-watch.ts';
import { createAccess } from './web/access.ts';
import { loadPages } from './web/pages.ts';

/** It is spoken to in the protocols of others; procedures of its own are to come. */
export const palantirContract = contract('palantir.v1', {});

/** What a request may have as it is sent; unpacked it may be 16 MB. */
const MAX_BODY = '8mb';

export interface PalantirOptions extends Pick<StoreOptions, 'folder' | 'retention'> {
  /** Of the app model. */
  readonly app: string;
  /** What readers show; see web/access.ts. */
  readonly token: string;
  /** Host names that it is reached by, besides those of loopback. */
  readonly hosts?: readonly string[];
  /** Who knows what runs. */
  readonly swarm?: readonly SwarmSource[];
}

/** @example await startHost(palantir({ app: 'shop', folder: '.goblin/palantir', retention: { days: 7, bytes: 5e9 }, token }), …) */
export function palantir(options: PalantirOptions): ServiceDefinition<typeof palantirContract> {
  return serve(palantirContract, {}, async (app) => {
    const { log, metrics } = app.telemetry;
    const clock = systemClock;
    const store: TelemetryStore = await app.use({
      name: 'telemetry store',
      start: () => openStore(options),
      stop: (opened: TelemetryStore) => opened.close(),
    });
    const state = await app.use({
      name: 'state',
      start: async () => openState(options.folder),
      stop: async (opened) => opened[Symbol.dispose](),
    });
    const changes = createChangeLog(state);
    const swarm = swarmWatch(options.swarm ?? [], { changes, log });
    const pages = await loadPages();
    const wall = liveWall(
      {
        app: options.app,
        build: pages.build,
        metrics: store,
        swarm: () => swarm.state,
        alerts: () => [],
        incidents: () => [],
        changes: (fromMs, toMs, limit) => changes.list({ fromMs, toMs, limit }),
      },
      { clock, log },
    );
    app.background('swarm', swarm.run);
    app.background('wall', wall.run);
    const access = createAccess(options);
    return {
      maxBody: MAX_BODY,
      routes: {
        ...access.forSenders(ingestRoutes(store, metrics)),
        ...access.forReaders({
          ...prometheusRoutes(store),
          ...readRoutes(store),
          ...liveRoutes(wall, changes, clock),
        }),
        ...pages.routes(access),
        'GET /login': access.login,
      },
    };
  });
}
