/** How mail is seen. Alert on `mail_messages{state="unknown"}` above 0, on `mail_queue_age_seconds`, and on `mail_route_open`. */
import type { Counter, Gauge, Histogram, Labelled, Telemetry } from '@goblin/core';

export interface MailTelemetry {
  readonly telemetry: Telemetry;
  readonly attempts: Labelled<Counter>;
  readonly durations: Labelled<Histogram>;
  readonly messages: Labelled<Gauge>;
  readonly queueAge: Labelled<Gauge>;
  readonly health: Labelled<Gauge>;
  readonly open: Labelled<Gauge>;
}

export function mailTelemetry(telemetry: Telemetry): MailTelemetry {
  const { metrics } = telemetry;
  return {
    telemetry,
    attempts: metrics.counter('mail_attempts_total', {
      help: 'Attempts to send a mail by a route.',
      labels: ['route', 'outcome'],
    }),
    durations: metrics.histogram('mail_attempt_duration_seconds', {
      help: 'Time an attempt took, with connecting.',
      labels: ['route'],
    }),
    messages: metrics.gauge('mail_messages', {
      help: 'Mails of the service that are not settled, by state.',
      labels: ['state'],
    }),
    queueAge: metrics.gauge('mail_queue_age_seconds', {
      help: 'How long the oldest mail has waited that is to be sent now; 0 when none waits.',
    }),
    health: metrics.gauge('mail_route_health', {
      help: 'Share of the latest attempts that did not fail by the fault of the route, newer ones weighing more.',
      labels: ['route'],
    }),
    open: metrics.gauge('mail_route_open', {
      help: '1 while the breaker of the route is open and mails go elsewhere.',
      labels: ['route'],
    }),
  };
}
