/** The calls that run for the other end of a link, by the slots of the numbers that it gave them. */
import type { Cancellation, GoblinError } from '@goblin/core';
import type { IncomingStream } from './incoming-stream.ts';
import { SLOT_MASK } from './slot-table.ts';
import { LinkViolation } from './violation.ts';

/** A call that its caller waits for. */
export interface Running {
  readonly id: number;
  readonly cancellation: Cancellation;
  readonly stream: IncomingStream | undefined;
}

export class RunningCalls {
  readonly #bySlot: (Running | undefined)[] = [];
  #size = 0;
  #streams = 0;

  get size(): number {
    return this.#size;
  }

  get streams(): number {
    return this.#streams;
  }

  /** @throws LinkViolation when the number cannot be that of a new call */
  mustBeFree(id: number, maxCalls: number): void {
    const slot = id & SLOT_MASK;
    if (slot >= maxCalls) throw new LinkViolation('more calls run than are allowed');
    if (this.#bySlot[slot]) throw new LinkViolation('two calls have the same number');
  }

  add(running: Running): void {
    this.#bySlot[running.id & SLOT_MASK] = running;
    this.#size++;
    if (running.stream) this.#streams++;
  }

  get(id: number): Running | undefined {
    const running = this.#bySlot[id & SLOT_MASK];
    return running?.id === id ? running : undefined;
  }

  has(running: Running): boolean {
    return this.#bySlot[running.id & SLOT_MASK] === running;
  }

  /** Whether it was still there. */
  remove(running: Running): boolean {
    if (!this.has(running)) return false;
    this.#bySlot[running.id & SLOT_MASK] = undefined;
    this.#size--;
    if (running.stream) this.#streams--;
    return true;
  }

  cancelAll(reason: GoblinError): void {
    for (const running of this.#bySlot) running?.cancellation.cancel(reason);
  }
}
