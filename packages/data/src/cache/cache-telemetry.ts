/** How a cache is seen. */
import type { Counter, Telemetry } from '@goblin/core';
import type { BreakerFailure } from './breaker.ts';

export type CacheOutcome = 'hit' | 'stale' | 'remote' | 'miss';

export interface CacheTelemetry {
  readonly requests: Readonly<Record<CacheOutcome, Counter>>;
  readonly refreshFailures: Counter;
  readonly remoteFailures: Readonly<Record<BreakerFailure, Counter>>;
  /** Bytes that came or went, entries that had to go for others. */
  changed(bytes: number, evicted: number): void;
}

export function cacheTelemetry({ metrics }: Telemetry, name: string): CacheTelemetry {
  const requests = metrics.counter('cache_requests_total', {
    help: 'Values asked of a cache, by where they came from.',
    labels: ['cache', 'outcome'],
  });
  const remoteFailures = metrics.counter('cache_remote_failures_total', {
    help: 'Times a cache went on without Redis, by why.',
    labels: ['cache', 'reason'],
  });
  const bytes = metrics
    .gauge('cache_bytes', { help: 'Bytes that a cache keeps in this process.', labels: ['cache'] })
    .with(name);
  const evictions = metrics
    .counter('cache_evictions_total', { help: 'Values that a cache gave up for others.', labels: ['cache'] })
    .with(name);
  return {
    requests: {
      hit: requests.with(name, 'hit'),
      stale: requests.with(name, 'stale'),
      remote: requests.with(name, 'remote'),
      miss: requests.with(name, 'miss'),
    },
    refreshFailures: metrics
      .counter('cache_refresh_failures_total', {
        help: 'Times a new value could not be loaded behind one that was served stale.',
        labels: ['cache'],
      })
      .with(name),
    remoteFailures: {
      timeout: remoteFailures.with(name, 'timeout'),
      error: remoteFailures.with(name, 'error'),
      open: remoteFailures.with(name, 'open'),
    },
    changed(more, evicted) {
      bytes.add(more);
      evictions.add(evicted);
    },
  };
}
