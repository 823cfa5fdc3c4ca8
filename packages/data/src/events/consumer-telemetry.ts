/** How consumers of events are seen. An event that keeps failing shows in `event_blocked_attempts`: alert on it. */
import type { Counter, Gauge, Histogram, Telemetry } from '@goblin/core';

export interface ConsumerTelemetry {
  /** From being published to being handled and committed. */
  readonly delays: Histogram;
  readonly failures: Counter;
  readonly blocked: Gauge;
}

export function consumerTelemetry(telemetry: Telemetry, type: string, group: string): ConsumerTelemetry {
  const labels = ['type', 'group'];
  const { metrics } = telemetry;
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
    blocked: metrics
      .gauge('event_blocked_attempts', {
        help: 'How often the event that blocks its group was tried; 0 while events flow.',
        labels,
      })
      .with(type, group),
  };
}
