/** How the traffic with other sites is seen. Alert on `event_link_seconds` (events wait here), on `event_link_blocked_attempts`, on
 * `event_stream_fill_ratio` above 0.8, and on any `event_link_missed_total`. */
import type { Counter, Gauge, Histogram, Telemetry } from '@goblin/core';

export interface ForwardTelemetry {
  readonly forwarded: Counter;
  readonly waitedSeconds: Gauge;
  readonly fill: Gauge;
  readonly blocked: Gauge;
}

export interface ReceiveTelemetry {
  readonly received: Counter;
  readonly duplicates: Counter;
  readonly missed: Counter;
  readonly pending: Gauge;
  readonly delays: Histogram;
  readonly blocked: Gauge;
}

const LABELS = ['bus', 'stream'];

function blockedGauge({ metrics }: Telemetry): { with(bus: string, stream: string): Gauge } {
  return metrics.gauge('event_link_blocked_attempts', {
    help: 'Failures in a row of what fills or empties a stream; 0 while events flow.',
    labels: LABELS,
  });
}

export function forwardTelemetry(telemetry: Telemetry, bus: string, stream: string): ForwardTelemetry {
  const { metrics } = telemetry;
  return {
    forwarded: metrics
      .counter('event_link_forwarded_total', {
        help: 'Events that a stream has acknowledged.',
        labels: LABELS,
      })
      .with(bus, stream),
    waitedSeconds: metrics
      .gauge('event_link_seconds', {
        help: 'For how long the oldest event has waited to be forwarded; 0 when none waits.',
        labels: LABELS,
      })
      .with(bus, stream),
    fill: metrics
      .gauge('event_stream_fill_ratio', {
        help: 'How full a stream is; at 1 it takes nothing more and events wait in the database.',
        labels: LABELS,
      })
      .with(bus, stream),
    blocked: blockedGauge(telemetry).with(bus, stream),
  };
}

export function receiveTelemetry(telemetry: Telemetry, bus: string, stream: string): ReceiveTelemetry {
  const { metrics } = telemetry;
  return {
    received: metrics
      .counter('event_link_received_total', {
        help: 'Events of other sites that were published here.',
        labels: LABELS,
      })
      .with(bus, stream),
    duplicates: metrics
      .counter('event_link_duplicates_total', {
        help: 'Events of other sites that came again and had no effect.',
        labels: LABELS,
      })
      .with(bus, stream),
    missed: metrics
      .counter('event_link_missed_total', {
        help: 'Messages that a stream gave up before they were received.',
        labels: LABELS,
      })
      .with(bus, stream),
    pending: metrics
      .gauge('event_link_pending', {
        help: 'Messages of a stream that were not received yet, as of the last one.',
        labels: LABELS,
      })
      .with(bus, stream),
    delays: metrics
      .histogram('event_link_delivery_duration_seconds', {
        help: 'Time from the publication of an event at its site until it was published here, by the clocks of both.',
        labels: LABELS,
      })
      .with(bus, stream),
    blocked: blockedGauge(telemetry).with(bus, stream),
  };
}

export function connectedGauge({ metrics }: Telemetry, bus: string): Gauge {
  return metrics
    .gauge('nats_connected', { help: '1 while there is a connection to NATS.', labels: ['bus'] })
    .with(bus);
}
