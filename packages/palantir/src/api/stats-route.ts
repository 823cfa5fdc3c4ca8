/** What the store holds and refuses, as JSON. */
import type { TelemetryStore } from '../store/telemetry-store.ts';
import type { Routes } from '../web/access.ts';
import { NO_STORE } from './parameters.ts';

export function statsRoute(store: Pick<TelemetryStore, 'stats'>): Routes {
  return { 'GET /palantir/stats': async () => Response.json(await store.stats(), { headers: NO_STORE }) };
}
