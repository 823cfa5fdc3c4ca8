/** How backfills are seen, by the process that fills. Alert on one that fails, or that holds still for long. */
import type { Telemetry } from '@goblin/core';
import type { BackfillStep } from './backfill.ts';
import { HOLD_REASONS } from './throttle.ts';

export interface BackfillTelemetry {
  step(migration: string, step: BackfillStep): void;
  failed(migration: string): void;
}

export function backfillTelemetry({ metrics }: Telemetry, schema: string): BackfillTelemetry {
  const labels = ['db_namespace', 'migration'];
  const rows = metrics.gauge('db_backfill_rows', {
    help: 'Rows that a backfill has walked through in this pass.',
    labels,
  });
  const remaining = metrics.gauge('db_backfill_remaining_rows', {
    help: 'Rows that a backfill has still to walk through, as far as the statistics of the table say.',
    labels,
  });
  const held = metrics.gauge('db_backfill_held', {
    help: 'Whether a backfill holds still for this reason: 1 or 0.',
    labels: [...labels, 'reason'],
  });
  const failures = metrics.counter('db_backfill_failures_total', {
    help: 'Times a backfill failed and was put off.',
    labels,
  });
  return {
    step(migration, step) {
      rows.with(schema, migration).set(step.rows);
      const left = step.finished ? 0 : step.estimatedRows && Math.max(0, step.estimatedRows - step.rows);
      if (left !== undefined) remaining.with(schema, migration).set(left);
      for (const reason of HOLD_REASONS)
        held.with(schema, migration, reason).set(step.reason === reason ? 1 : 0);
    },
    failed: (migration) => failures.with(schema, migration).add(),
  };
}
