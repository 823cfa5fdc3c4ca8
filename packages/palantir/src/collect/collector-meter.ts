/** What a collector tells of itself: counts for its metrics, and one line of log when its source fails and one when it is back. */
import type { Logger, Metrics } from '@goblin/core';

/** A collector may have so many sources that fail at a time and still name each once; the rest is only counted. */
const MAX_FAILING = 1_000;

export interface CollectorMeter {
  /** A source was read. @param source as it was named when it failed */
  succeeded(source: string): void;
  failed(source: string, error: unknown): void;
  /** Lines, samples or datagrams that will never be kept, and why. */
  lost(count: number, reason: string): void;
  /** How far behind its source it is. */
  lag(ms: number): void;
}

export function collectorMeter(name: string, metrics: Metrics, log: Logger): CollectorMeter {
  const { reads, failures, lost, lag } = collectorMetrics(metrics);
  const failing = new Set<string>();
  const lostBefore = new Set<string>();
  return {
    succeeded(source) {
      reads.with(name).add();
      if (failing.delete(source)) log.info({ collector: name, source }, 'the source can be read again');
    },
    failed(source, err) {
      failures.with(name).add();
      if (failing.has(source) || failing.size >= MAX_FAILING) return;
      failing.add(source);
      log.warn({ err, collector: name, source }, 'the source cannot be read; it is tried again');
    },
    lost(count, reason) {
      if (count === 0) return;
      lost.with(name).add(count);
      // Each reason once: what is lost may itself be lines of this log.
      if (lostBefore.has(reason) || lostBefore.size >= MAX_FAILING) return;
      lostBefore.add(reason);
      log.warn(
        { collector: name, count, reason },
        'some telemetry was not kept; further losses are only counted',
      );
    },
    lag: (ms) => lag.with(name).set(Math.max(0, ms) / 1_000),
  };
}

/** Declares the metrics that all collectors share. */
export function collectorMetrics(metrics: Metrics) {
  const labels = ['collector'];
  return {
    reads: metrics.counter('collector_reads_total', {
      help: 'Times a collector has read a source.',
      labels,
    }),
    failures: metrics.counter('collector_failures_total', {
      help: 'Times a collector could not read a source.',
      labels,
    }),
    lost: metrics.counter('collector_lost_total', {
      help: 'Lines, samples and datagrams that were gone before they were read, or could not be kept.',
      labels,
    }),
    lag: metrics.gauge('collector_lag_seconds', {
      help: 'How far a collector is behind its source.',
      labels,
    }),
  } as const;
}
