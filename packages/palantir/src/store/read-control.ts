/** Ends a read that nobody wants any more, that takes too long or that answers too much. The flag is shared memory, so that it
 * reaches a thread that is busy. */
import { GoblinError } from '@goblin/core';

export class ReadControl {
  readonly #flag: Int32Array;
  readonly #timeoutMs: number;
  readonly #endsAt: number;
  #counted = 0;

  constructor(flag: Int32Array, timeoutMs: number) {
    this.#flag = flag;
    this.#timeoutMs = timeoutMs;
    this.#endsAt = performance.now() + timeoutMs;
  }

  /** @throws CANCELED, DEADLINE_EXCEEDED */
  check(): void {
    if (Atomics.load(this.#flag, 0) !== 0) throw new GoblinError('CANCELED');
    if (performance.now() <= this.#endsAt) return;
    const message = `this read took longer than ${this.#timeoutMs / 1_000} s: ask for less time or fewer series`;
    throw new GoblinError('DEADLINE_EXCEEDED', { message });
  }

  /** Adds to what is answered. @throws what `refusal` gives */
  count(more: number, limit: number, refusal: () => GoblinError): void {
    this.#counted += more;
    if (this.#counted > limit) throw refusal();
  }
}
