/** What a dispatcher keeps per target: its retry budget and its bound metrics. */
import type { Clock, Counter, Metrics } from '@goblin/core';
import type { AttemptOutcome } from './balancer.ts';
import { type RetryBudget, retryBudget } from './retry-budget.ts';

/** Targets are named in code; beyond this many they share one record, so that a mistake cannot grow without end. */
const MAX_TARGETS = 1_000;

export interface TargetRecord {
  readonly budget: RetryBudget;
  readonly attempts: Readonly<Record<AttemptOutcome, Counter>>;
  /** Why it was tried again: the code it failed with, or `SLOW`. */
  retried(reason: string): void;
  readonly exhausted: Counter;
}

export function targetRecords(clock: Clock, metrics: Metrics): (name: string) => TargetRecord {
  const attempts = metrics.counter('mesh_attempts_total', {
    help: 'Attempts with a peer, retries included, by how they went.',
    labels: ['target', 'outcome'],
  });
  const retries = metrics.counter('mesh_retries_total', {
    help: 'Attempts beyond the first, by the code the one before failed with; SLOW when it had not answered yet.',
    labels: ['target', 'reason'],
  });
  const exhausted = metrics.counter('mesh_retry_budget_exhausted_total', {
    help: 'Retries not made because the retry budget was used up.',
    labels: ['target'],
  });
  const records = new Map<string, TargetRecord>();
  const shared = make('other');

  function make(name: string): TargetRecord {
    return {
      budget: retryBudget(clock),
      attempts: {
        ok: attempts.with(name, 'ok'),
        failed: attempts.with(name, 'failed'),
        unreachable: attempts.with(name, 'unreachable'),
        unknown: attempts.with(name, 'unknown'),
      },
      retried: (reason) => retries.with(name, reason).add(),
      exhausted: exhausted.with(name),
    };
  }

  return (name) => {
    let record = records.get(name);
    if (!record) {
      if (records.size >= MAX_TARGETS) return shared;
      record = make(name);
      records.set(name, record);
    }
    return record;
  };
}
