/** The state of the wall. It is composed when somebody asks, and each second while somebody watches: then it is told when something in it
 * has changed, at the latest after QUIET_MS, as a new version (version.ts). Traffic is no older than TRAFFIC_MS then. While nobody looks it is
 * asked for each UNWATCHED_MS only, or each ALERT_MS while there are alerts: incidents want to know who calls whom. */
import { type Clock, context, GoblinError, type Logger, pause } from '@goblin/core';
import type { Alert } from '../alerts/alert.ts';
import type { Change } from '../changes/change.ts';
import { createBell } from '../notify/bell.ts';
import type { SeriesSource } from '../query/promql/source.ts';
import type { SwarmState } from '../swarm/swarm-state.ts';
import { difference } from './difference.ts';
import type { Operation } from './json-patch.ts';
import { summariesOf } from './service-summaries.ts';
import { trafficWatch } from './traffic-watch.ts';
import { type Version, version } from './version.ts';
import type { Flow, IncidentSummary, SettingsTrouble, SloSummary, WallState } from './wall-state.ts';

const PERIOD_MS = 1_000;
const QUIET_MS = 5_000;
const TRAFFIC_MS = 2_000;
const ALERT_MS = 5_000;
const UNWATCHED_MS = 60_000;
/** Numbers that come later than this are shown with the next state: what else is new does not wait for them. */
const PATIENCE_MS = 1_000;
const CHANGES_MS = 86_400_000;
const MAX_CHANGES = 50;
export const MAX_WATCHERS = 500;
/** What is another each time somebody looks, and alone is not worth telling. */
const RESTLESS = /\/(?:atMs|seenAtMs|cpu|memory)$/;

/** What they give stays as it is: it is compared with what they give next. */
export interface WallSources {
  readonly app: string;
  readonly build: string;
  readonly metrics: SeriesSource;
  swarm(): SwarmState;
  alerts(): readonly Alert[];
  incidents(): readonly IncidentSummary[];
  changes(fromMs: number, toMs: number, limit: number): readonly Change[];
  slos(): readonly SloSummary[];
  settingsTrouble(): SettingsTrouble | undefined;
}

export interface LiveWall {
  /** Who calls whom, as seen last. */
  readonly flows: readonly Flow[];
  /** The state now. */
  ask(): Promise<WallState>;
  /** Tells each version until what is returned is called, the newest soon. @throws RESOURCE_EXHAUSTED when MAX_WATCHERS watch */
  watch(show: (version: Version) => void): () => void;
  /** Renews the state until it is aborted. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

export function liveWall(sources: WallSources, { clock, log }: { clock: Clock; log: Logger }): LiveWall {
  const traffic = trafficWatch(sources.metrics, { clock, log });
  const watchers = new Set<(version: Version) => void>();
  /** Rung when somebody begins to watch. */
  const bell = createBell(clock);
  let told: { readonly version: Version; readonly state: WallState; readonly at: number } | undefined;

  function compose(): WallState {
    const atMs = clock.wall();
    const swarm = sources.swarm();
    const alerts = sources.alerts();
    const { services, ...seen } = traffic.seen;
    const settingsTrouble = sources.settingsTrouble();
    return {
      app: sources.app,
      atMs,
      build: sources.build,
      services: summariesOf(swarm.services, { ...seen, traffic: services, alerts }),
      swarm,
      flows: seen.flows,
      alerts,
      incidents: sources.incidents(),
      changes: sources.changes(atMs - CHANGES_MS, atMs, MAX_CHANGES),
      slos: sources.slos(),
      ...(settingsTrouble && { settingsTrouble }),
    };
  }

  async function renewed(maxAgeMs: number): Promise<void> {
    const done = new AbortController();
    await Promise.race([
      traffic.renew(maxAgeMs).then(() => done.abort()),
      pause(clock, PATIENCE_MS, done.signal),
    ]);
  }

  function tell(): void {
    const state = compose();
    const operations = told && difference(told.state, state);
    const isQuiet = operations?.every(isRestless) && clock.now() - told!.at < QUIET_MS;
    if (isQuiet) return;
    told = {
      version: version((told?.version.number ?? 0) + 1, state, operations),
      state,
      at: clock.now(),
    };
    for (const show of watchers) show(told.version);
  }

  async function round(signal: AbortSignal): Promise<void> {
    if (watchers.size > 0) {
      await renewed(TRAFFIC_MS);
      if (!signal.aborted && watchers.size > 0) tell();
      return;
    }
    // Who comes next gets a new one.
    told = undefined;
    const isAlerting = sources.alerts().some(({ state }) => state !== 'resolved');
    await renewed(isAlerting ? ALERT_MS : UNWATCHED_MS);
  }

  return {
    get flows() {
      return traffic.seen.flows;
    },
    async ask() {
      await renewed(TRAFFIC_MS);
      return compose();
    },
    watch(show) {
      if (watchers.size >= MAX_WATCHERS)
        throw new GoblinError('RESOURCE_EXHAUSTED', { message: `${MAX_WATCHERS} watch already` });
      watchers.add(show);
      if (told) show(told.version);
      else bell.ring();
      return () => watchers.delete(show);
    },
    run: (signal) =>
      context.detach(async () => {
        signal.addEventListener('abort', traffic.end, { once: true });
        while (!signal.aborted) {
          await round(signal);
          await bell.wait(PERIOD_MS, signal);
        }
      }),
  };
}

function isRestless({ op, path }: Operation): boolean {
  return op === 'replace' && RESTLESS.test(path);
}
