/** What an exporter tells of itself: metrics, and one line of log when its receiver fails and one when it is back. */
import type { Logger, Metrics } from '@goblin/core';
import type { Signal } from './portion.ts';

/** Kinds of reasons that are named in the log. */
const MAX_REASONS = 100;

export type SkipReason = 'refused' | 'format';

export interface ExportMeter {
  sent(items: number): void;
  /** A request, or a read of the store, that is tried again. */
  failed(reason: string): void;
  /** Items that do not go out, and why. */
  skipped(items: number, by: SkipReason, reason: string): void;
  /** Time whose telemetry does not go out any more. */
  skippedTime(fromMs: number, toMs: number): void;
  lag(ms: number): void;
}

/** Declares the metrics that all exporters share. */
export function exportMeters(
  metrics: Metrics,
  log: Logger,
): (exporter: string, signal: Signal) => ExportMeter {
  const labels = ['exporter', 'signal'];
  const sent = metrics.counter('export_sent_total', {
    help: 'Points, log lines and spans that a receiver took.',
    labels,
  });
  const failures = metrics.counter('export_failures_total', {
    help: 'Times that telemetry could not be passed on and was tried again.',
    labels,
  });
  const skipped = metrics.counter('export_skipped_total', {
    help: 'Points, log lines and spans that a receiver refused or that its format cannot hold.',
    labels: [...labels, 'reason'],
  });
  const skippedSeconds = metrics.counter('export_skipped_seconds_total', {
    help: 'Time whose telemetry was not passed on because the receiver was away for too long.',
    labels,
  });
  const lag = metrics.gauge('export_lag_seconds', {
    help: 'How far an exporter is behind now.',
    labels,
  });
  return (exporter, signal) => {
    const about = { exporter, signal };
    const known = new Set<string>();
    let isFailing = false;
    return {
      sent(items) {
        sent.with(exporter, signal).add(items);
        if (isFailing) log.info(about, 'telemetry is exported again');
        isFailing = false;
      },
      failed(reason) {
        failures.with(exporter, signal).add();
        if (!isFailing) log.warn({ ...about, reason }, 'telemetry cannot be exported; it is tried again');
        isFailing = true;
      },
      skipped(items, by, reason) {
        if (items === 0) return;
        skipped.with(exporter, signal, by).add(items);
        if (known.has(reason) || known.size >= MAX_REASONS) return;
        known.add(reason);
        log.warn({ ...about, items, reason }, 'some telemetry is not exported; more of it is only counted');
      },
      skippedTime(fromMs, toMs) {
        skippedSeconds.with(exporter, signal).add((toMs - fromMs) / 1_000);
        const [from, to] = [fromMs, toMs].map((ms) => new Date(ms).toISOString());
        log.warn(
          { ...about, from, to },
          'telemetry of some time is not exported: it is older than the exporter reaches back',
        );
      },
      lag: (ms) => lag.with(exporter, signal).set(Math.max(0, ms) / 1_000),
    };
  };
}
