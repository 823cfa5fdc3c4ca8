/** Which share of the attempts with a peer did not fail, over the last SLOT_MS to twice that: the slot that runs and
 * the one before. */

const SLOT_MS = 5_000;

export class SuccessRate {
  #attempts = 0;
  #failures = 0;
  #attemptsBefore = 0;
  #failuresBefore = 0;
  #endsAt = 0;

  count(failed: boolean, now: number): void {
    if (now >= this.#endsAt) this.#turn(now);
    this.#attempts++;
    if (failed) this.#failures++;
  }

  /** How many attempts it is about. */
  attempts(now: number): number {
    if (now >= this.#endsAt) this.#turn(now);
    return this.#attempts + this.#attemptsBefore;
  }

  failures(now: number): number {
    if (now >= this.#endsAt) this.#turn(now);
    return this.#failures + this.#failuresBefore;
  }

  /** As if there had been no attempt. */
  clear(): void {
    this.#attempts = this.#failures = this.#attemptsBefore = this.#failuresBefore = 0;
  }

  #turn(now: number): void {
    const isNext = now < this.#endsAt + SLOT_MS;
    this.#attemptsBefore = isNext ? this.#attempts : 0;
    this.#failuresBefore = isNext ? this.#failures : 0;
    this.#attempts = 0;
    this.#failures = 0;
    this.#endsAt = now + SLOT_MS;
  }
}
