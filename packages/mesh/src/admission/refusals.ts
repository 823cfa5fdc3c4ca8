/** What is said to those who may not begin. It is said often when there is least time for it: one error serves all who
 * are refused for the same reason within a tick. */
import { GoblinError } from '@goblin/core';
import type { RefusalReason } from './overload.ts';

/** Tried again after half of this to one and a half times, so that those who were refused together do not come back
 * together. */
const RETRY_AFTER_MS = 1_000;

const WHY: Readonly<Record<RefusalReason, string>> = {
  queue_full: 'too many calls wait for their turn',
  waited: 'the call waited too long for its turn',
  loop_late: 'the event loop is late',
};

export class Refusals {
  readonly #random: () => number;
  #errors: Partial<Record<RefusalReason, GoblinError>> = {};

  constructor(random: () => number) {
    this.#random = random;
  }

  /** RESOURCE_EXHAUSTED with `data.started` false and `data.retryAfterMs`. */
  error(reason: RefusalReason): GoblinError {
    this.#errors[reason] ??= new GoblinError('RESOURCE_EXHAUSTED', {
      message: `this instance is overloaded: ${WHY[reason]}`,
      data: { started: false, retryAfterMs: Math.round(RETRY_AFTER_MS * (0.5 + this.#random())) },
    });
    return this.#errors[reason];
  }

  tick(): void {
    this.#errors = {};
  }
}
