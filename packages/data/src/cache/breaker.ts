/** Keeps callers from waiting for something that does not answer. Each use has a time; after FAILURES in a row that failed or took
 * longer nobody tries for PAUSE_MS, and then one does. */
import { type Clock, GoblinError, systemClock } from '@goblin/core';

const FAILURES = 5;
const PAUSE_MS = 1_000;

export type BreakerFailure = 'timeout' | 'error' | 'open';

export class Breaker {
  readonly #timeoutMs: number;
  readonly #failed: (reason: BreakerFailure) => void;
  readonly #clock: Clock;
  #inARow = 0;
  #openUntil = Number.NEGATIVE_INFINITY;

  constructor(timeoutMs: number, failed: (reason: BreakerFailure) => void, clock: Clock = systemClock) {
    this.#timeoutMs = timeoutMs;
    this.#failed = failed;
    this.#clock = clock;
  }

  /** The answer, or undefined where there was none in time. Never rejects. */
  async try<T>(work: () => Promise<T>): Promise<T | undefined> {
    const now = this.#clock.now();
    if (now < this.#openUntil) {
      this.#failed('open');
      return undefined;
    }
    // Others go on without it while one tries whether it is back.
    if (this.#inARow >= FAILURES) this.#openUntil = now + PAUSE_MS;
    try {
      const answer = await this.#inTime(work());
      this.reset();
      return answer;
    } catch (error) {
      this.#failed(error instanceof GoblinError && error.code === 'DEADLINE_EXCEEDED' ? 'timeout' : 'error');
      if (++this.#inARow >= FAILURES) this.#openUntil = this.#clock.now() + PAUSE_MS;
      return undefined;
    }
  }

  /** It is known to be back. */
  reset(): void {
    this.#inARow = 0;
    this.#openUntil = Number.NEGATIVE_INFINITY;
  }

  /** What comes later is not waited for and does no harm. */
  #inTime<T>(running: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(this.#timeoutMs, () => reject(new GoblinError('DEADLINE_EXCEEDED')));
      running.then(resolve, reject).finally(() => timer.cancel());
    });
  }
}
