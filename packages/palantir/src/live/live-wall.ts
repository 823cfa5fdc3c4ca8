/** The state of the wall, made anew each second from what was seen, and sent to all who look when something in it has changed, at the
 * latest after QUIET_MS. Traffic is asked for each TRAFFIC_MS, less often while nobody looks, its history each minute. When a
 * question fails the wall goes on with the last answer. */
import { type Clock, context, type Logger, sleep } from '@goblin/core';
import type { Alert } from '../alerts/alert.ts';
import type { Change } from '../changes/change.ts';
import type { SeriesSource } from '../query/promql/source.ts';
import type { SwarmState } from '../swarm/swarm-state.ts';
import { summariesOf } from './service-summaries.ts';
import { flowsNow, type ServiceTraffic, trafficHistory, trafficNow } from './traffic.ts';
import type { Flow, IncidentSummary, WallState } from './wall-state.ts';

const PERIOD_MS = 1_000;
const QUIET_MS = 5_000;
const TRAFFIC_MS = 2_000;
const UNWATCHED_TRAFFIC_MS = 5_000;
/** For so long who has asked may ask again. */
const ASKED_MS = 15_000;
const HISTORY_MS = 60_000;
const CHANGES_MS = 86_400_000;
const MAX_CHANGES = 50;

export interface WallSources {
  readonly app: string;
  readonly build: string;
  readonly metrics: SeriesSource;
  swarm(): SwarmState;
  alerts(): readonly Alert[];
  incidents(): readonly IncidentSummary[];
  changes(fromMs: number, toMs: number, limit: number): readonly Change[];
}

export interface LiveWall {
  readonly state: WallState;
  /** The state for somebody who looks now and again: it is renewed as for who watches, for a while. */
  ask(): WallState;
  /** Called with each new state, as JSON, until what is returned is called. */
  watch(show: (json: string) => void): () => void;
  /** Renews the state until it is aborted. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

export function liveWall(sources: WallSources, { clock, log }: { clock: Clock; log: Logger }): LiveWall {
  const watchers = new Set<(json: string) => void>();
  let traffic: ReadonlyMap<string, ServiceTraffic> = new Map();
  let history: ReadonlyMap<string, readonly number[]> = new Map();
  let flows: readonly Flow[] = [];
  let trafficAt = Number.NEGATIVE_INFINITY;
  let historyAt = Number.NEGATIVE_INFINITY;
  let wasFailing = false;
  let state = compose();
  let askedAt = Number.NEGATIVE_INFINITY;
  let shown = '';
  let shownAt = Number.NEGATIVE_INFINITY;

  function compose(): WallState {
    const atMs = clock.wall();
    const swarm = sources.swarm();
    const alerts = sources.alerts();
    return {
      app: sources.app,
      atMs,
      build: sources.build,
      services: summariesOf(swarm.services, { traffic, history, flows, alerts }),
      swarm,
      flows,
      alerts,
      incidents: sources.incidents(),
      changes: sources.changes(atMs - CHANGES_MS, atMs, MAX_CHANGES),
    };
  }

  async function look(signal: AbortSignal): Promise<void> {
    const [now, wallMs] = [clock.now(), clock.wall()];
    try {
      const isWatched = watchers.size > 0 || now - askedAt < ASKED_MS;
      if (now - trafficAt >= (isWatched ? TRAFFIC_MS : UNWATCHED_TRAFFIC_MS)) {
        trafficAt = now;
        [traffic, flows] = await Promise.all([
          trafficNow(sources.metrics, wallMs, signal),
          flowsNow(sources.metrics, wallMs, signal),
        ]);
      }
      if (now - historyAt >= HISTORY_MS) {
        historyAt = now;
        history = await trafficHistory(sources.metrics, wallMs, signal);
      }
      wasFailing = false;
    } catch (err) {
      if (!signal.aborted && !wasFailing)
        log.warn({ err }, 'the wall shows old numbers: asking for new ones failed');
      wasFailing = true;
    }
  }

  function tell(): void {
    const what = essenceOf(state);
    if (what === shown && clock.now() - shownAt < QUIET_MS) return;
    shown = what;
    shownAt = clock.now();
    const json = JSON.stringify(state);
    for (const show of watchers) show(json);
  }

  return {
    get state() {
      return state;
    },
    ask() {
      askedAt = clock.now();
      return state;
    },
    watch(show) {
      watchers.add(show);
      show(JSON.stringify(state));
      return () => watchers.delete(show);
    },
    run: (signal) =>
      context.detach(async () => {
        while (!signal.aborted) {
          await look(signal);
          state = compose();
          if (watchers.size > 0) tell();
          await sleep(PERIOD_MS, signal).catch(() => {});
        }
      }),
  };
}

/** All of it but the times at which it was seen. */
function essenceOf({ services, flows, alerts, incidents, changes, swarm }: WallState): string {
  const instances = swarm.nodes.map(({ name, instances }) => [name, instances]);
  return JSON.stringify([services, flows, alerts, incidents, changes, instances]);
}
