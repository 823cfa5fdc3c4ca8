/** One piece of work's stay in an instance, for work that may end in more than one place: it leaves once, at the latest
 * when it is cancelled. */
import { type CancelListener, deadlines } from '@goblin/core';
import type { Admission, AdmittedOutcome, Asked } from './admission.ts';
import type { Pace } from './pace.ts';

export class Visit implements CancelListener {
  readonly #admission: Admission;
  readonly #asked: Asked;
  readonly #pace: Pace | undefined;
  readonly #enteredAt: number;
  #isOver = false;

  private constructor(admission: Admission, asked: Asked, enteredAt: number, pace: Pace | undefined) {
    this.#admission = admission;
    this.#asked = asked;
    this.#enteredAt = enteredAt;
    this.#pace = pace;
    asked.cancellation.listen(this);
  }

  /** Enters at once where it may; otherwise resolves when it may. @throws as Admission.enter */
  static begin(
    admission: Admission,
    asked: Asked,
    now: number,
    pace: Pace | undefined,
  ): Visit | Promise<Visit> {
    const turn = admission.enter(asked, now, pace);
    if (!turn) return new Visit(admission, asked, now, pace);
    return turn.then((enteredAt) => new Visit(admission, asked, enteredAt, pace));
  }

  /** The work is under way, and how long it goes on is not to be measured. */
  open(): void {
    this.#leave(this.#enteredAt, 'ok');
  }

  end(outcome: AdmittedOutcome): void {
    if (!this.#isOver) this.#leave(deadlines.clock.now(), outcome);
  }

  cancelled(): void {
    this.end('dropped');
  }

  #leave(now: number, outcome: AdmittedOutcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#asked.cancellation.unlisten(this);
    this.#admission.leave(this.#enteredAt, now, outcome, this.#pace);
  }
}
