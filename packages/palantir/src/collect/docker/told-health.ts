/** The health of containers on other machines, as those who collect there have told it: `docker_container_health_health_status` in the store.
 * What is older than FRESH_MS says nothing any more: who told it is gone, and the container may be too. While the store cannot be
 * asked, or is slow, what it said last counts until then. */
import { type Clock, pause } from '@goblin/core';
import type { Matcher } from '../../model.ts';
import { isStale } from '../../sample-rules.ts';
import type { SelectedSeries } from '../../store/metrics/packed-series.ts';
import type { TelemetryStore } from '../../store/telemetry-store.ts';
import { HEALTH_STATUS } from './container-samples.ts';
import type { KnownHealth } from './swarm-tasks.ts';

/** Collectors look each 10 s, and may be late to send. */
const FRESH_MS = 60_000;
/** The store is asked no more often, and one question at a time. */
const ASK_MS = 5_000;
/** So long is its answer waited for. It may come later. */
const PATIENCE_MS = 500;

const OF_ALL: readonly Matcher[] = [{ label: '__name__', op: '=', value: HEALTH_STATUS }];
const KNOWN: ReadonlyMap<string, KnownHealth> = new Map([
  ['healthy', { health: 'healthy' }],
  ['starting', { health: 'starting' }],
  ['unhealthy', { health: 'unhealthy', detail: 'its health check fails' }],
]);

/** By the name of a container. */
export type HealthOf = (containerName: string) => KnownHealth | undefined;

interface Told {
  readonly status: string;
  readonly atMs: number;
}

export interface ToldHealth {
  /** Never rejects. */
  read(signal: AbortSignal): Promise<HealthOf>;
}

export function toldHealth(store: Pick<TelemetryStore, 'select'>, clock: Clock): ToldHealth {
  let told: ReadonlyMap<string, Told> = new Map();
  let asking: Promise<void> | undefined;
  let askAtMs = clock.now();

  function healthOf(containerName: string): KnownHealth | undefined {
    const { status, atMs } = told.get(containerName) ?? {};
    return status !== undefined && atMs! >= clock.wall() - FRESH_MS ? KNOWN.get(status) : undefined;
  }

  async function ask(): Promise<void> {
    const nowMs = clock.wall();
    try {
      told = newestOf(await store.select(OF_ALL, nowMs - FRESH_MS, nowMs));
    } catch {
      // The store counts and tells what is wrong with it.
    }
  }

  return {
    async read(signal) {
      if (!asking && clock.now() >= askAtMs) {
        askAtMs = clock.now() + ASK_MS;
        asking = ask().finally(() => {
          asking = undefined;
        });
      }
      if (asking) await Promise.race([asking, pause(clock, PATIENCE_MS, signal)]);
      return healthOf;
    },
  };
}

/** Of each container, as told last. */
function newestOf(series: readonly SelectedSeries[]): Map<string, Told> {
  const newest = new Map<string, Told>();
  for (const { labels, times, values } of series) {
    const { container_name: name, health_status: status } = labels;
    const last = values.length - 1;
    if (name === undefined || status === undefined || last < 0 || isStale(values, last)) continue;
    const atMs = times[last]!;
    const known = newest.get(name);
    if (!known || atMs > known.atMs) newest.set(name, { status, atMs });
  }
  return newest;
}
