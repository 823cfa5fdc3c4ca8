export type * from './alerts/alert.ts';
export type { Silence } from './alerts/silences.ts';
export type { Incident } from './incidents/incident.ts';
export { applyPatch, type Operation } from './live/json-patch.ts';
export type * from './live/wall-state.ts';
export type * from './model.ts';
export {
  type QueryOptions,
  type QueryResult,
  queryInstant,
  queryRange,
  type SeriesResult,
} from './query/promql/engine.ts';
export type { SampleSeries, SeriesSource } from './query/promql/source.ts';
export { type PalantirOptions, palantir, palantirContract } from './service.ts';
export { openStore, type StoreOptions, type TelemetryStore } from './store/store.ts';
export type { TraceSummary } from './store/traces/trace-summary.ts';
export type * from './swarm/swarm-state.ts';
export { tokenOf } from './web/access.ts';
