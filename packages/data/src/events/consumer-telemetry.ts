/** How consumers of events are seen. Alert on `event_parked` above 0, and on `event_blocked_attempts`, which shows an event that
 * keeps failing before it is parked. */
import type { Counter, Histogram, Telemetry } from '@goblin/core';

export interface ConsumerTelemetry {
  /** From being published to being handled and committed. */
  readonly delays: Histogram;
  readonly failures: Counter;
  /** How often the event was tried that a lane of this process stands at. */
  noteBlocked(lane: number, attempts: number): void;
  noteParked(count: number): void;
}

export function consumerTelemetry(telemetry: Telemetry, type: string, group: string): ConsumerTelemetry {
  const labels = ['type', 'group'];
  const { metrics } = telemetry;
  const attemptsOf = new Map<number, number>();
  const blocked = metrics
    .gauge('event_blocked_attempts', {
      help: 'How often the event that blocks its group, or a lane of it, was tried; 0 while events flow.',
      labels,
    })
    .with(type, group);
  const parked = metrics
    .gauge('event_parked', {
      help: 'Events that failed too often and those of the same key behind them, counted up to 1,000.',
      labels,
    })
    .with(type, group);
  return {
    delays: metrics
      .histogram('event_delivery_duration_seconds', {
        help: 'Time from the publication of an event until its effects were committed.',
        labels,
      })
      .with(type, group),
    failures: metrics
      .counter('event_handler_failures_total', { help: 'Times a handler of events failed.', labels })
      .with(type, group),
    noteBlocked(lane, attempts) {
      attemptsOf.set(lane, attempts);
      blocked.set(Math.max(...attemptsOf.values()));
    },
    noteParked: (count) => parked.set(count),
  };
}
