/** How the chaining of the audit trail is seen. Alert on `audit_oldest_unchained_seconds` above a minute. */
import type { Counter, Gauge, Telemetry } from '@goblin/core';

export interface AuditTelemetry {
  readonly chained: Counter;
  readonly oldestUnchained: Gauge;
  readonly failures: Counter;
}

export function auditTelemetry({ metrics }: Telemetry, schema: string): AuditTelemetry {
  const labels = ['db_namespace'];
  return {
    chained: metrics
      .counter('audit_chained_total', { help: 'Entries of the audit trail that were chained here.', labels })
      .with(schema),
    oldestUnchained: metrics
      .gauge('audit_oldest_unchained_seconds', {
        help: 'Age of the oldest entry that is not chained yet; 0 when all are.',
        labels,
      })
      .with(schema),
    failures: metrics
      .counter('audit_chain_failures_total', {
        help: 'Times the audit trail could not be chained or signed.',
        labels,
      })
      .with(schema),
  };
}
