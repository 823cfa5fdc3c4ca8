/** How tasks are seen. Alert on `task_dead` above 0 and on `task_oldest_seconds`. */
import type { Counter, Gauge, Histogram, Telemetry } from '@goblin/core';

/** How an attempt ended. `lost`: another worker has the task, or it was canceled. */
export type Outcome = 'done' | 'retried' | 'dead' | 'parked' | 'lost' | 'handed_back';

export interface TaskTelemetry {
  readonly claims: Counter;
  readonly running: Gauge;
  readonly waits: Histogram;
  readonly runs: Histogram;
  readonly depth: Gauge;
  readonly delayed: Gauge;
  readonly dead: Gauge;
  readonly oldest: Gauge;
  ended(outcome: Outcome): void;
}

export function taskTelemetry({ metrics }: Telemetry, kind: string): TaskTelemetry {
  const labels = ['kind'];
  const outcomes = metrics.counter('task_attempts_total', {
    help: 'Attempts that have ended, and how.',
    labels: ['kind', 'outcome'],
  });
  const series = new Map<Outcome, Counter>();
  return {
    claims: metrics
      .counter('task_claims_total', { help: 'Tasks that this process has taken.', labels })
      .with(kind),
    running: metrics.gauge('task_running', { help: 'Tasks that this process works on.', labels }).with(kind),
    waits: metrics
      .histogram('task_wait_duration_seconds', {
        help: 'Time from a task being ready until a process took it.',
        labels,
      })
      .with(kind),
    runs: metrics
      .histogram('task_run_duration_seconds', { help: 'Time that one attempt took.', labels })
      .with(kind),
    depth: metrics
      .gauge('task_ready', { help: 'Tasks that could run now, counted up to 10,000.', labels })
      .with(kind),
    delayed: metrics
      .gauge('task_delayed', {
        help: 'Tasks that wait for a time, a signal or their children, counted up to 10,000.',
        labels,
      })
      .with(kind),
    dead: metrics
      .gauge('task_dead', { help: 'Tasks that have used up their attempts, counted up to 10,000.', labels })
      .with(kind),
    oldest: metrics
      .gauge('task_oldest_seconds', {
        help: 'For how long the oldest of the ready tasks has been ready.',
        labels,
      })
      .with(kind),
    ended(outcome) {
      let counter = series.get(outcome);
      if (!counter) {
        counter = outcomes.with(kind, outcome);
        series.set(outcome, counter);
      }
      counter.add();
    },
  };
}
