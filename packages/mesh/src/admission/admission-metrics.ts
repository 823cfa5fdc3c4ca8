/** What admission shows of itself. */
import type { Counter, Histogram, Metrics, Priority } from '@goblin/core';
import type { Admission } from './admission.ts';
import type { GivenUpReason } from './overload.ts';

export class AdmissionMetrics implements Disposable {
  readonly waits: Histogram;
  readonly #metrics: Metrics;
  readonly #refused: (priority: Priority, reason: GivenUpReason) => Counter;
  readonly #observed = new DisposableStack();
  readonly #counters = new Map<string, Counter>();

  constructor(metrics: Metrics, admission: Admission) {
    this.#metrics = metrics;
    this.#observe(
      'admission_limit',
      'How many calls may run at once in this instance.',
      () => admission.limit,
    );
    this.#observe('admission_in_flight', 'Calls that run in this instance.', () => admission.inFlight);
    this.#observe('admission_queued', 'Calls that wait until they may begin.', () => admission.queued);
    const refused = metrics.counter('admission_refused_total', {
      help: 'Calls that never began, by priority and why.',
      labels: ['priority', 'reason'],
    });
    this.#refused = (priority, reason) => refused.with(priority, reason);
    this.waits = metrics
      .histogram('admission_wait_duration_seconds', {
        help: 'How long calls waited that could not begin at once.',
      })
      .with();
  }

  refused(priority: Priority, reason: GivenUpReason): void {
    const key = `${priority} ${reason}`;
    let counter = this.#counters.get(key);
    if (!counter) {
      counter = this.#refused(priority, reason);
      this.#counters.set(key, counter);
    }
    counter.add();
  }

  [Symbol.dispose](): void {
    this.#observed.dispose();
  }

  #observe(name: string, help: string, read: () => number): void {
    this.#observed.use(this.#metrics.observe(name, { help }, (set) => set(read())));
  }
}
