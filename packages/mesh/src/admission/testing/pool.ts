/** Handlers over a pool: so many workers, each busy with one call at a time, the others waiting for one of them. With
 * infinitely many it is handlers that merely wait. */
import { Cancellation, type Clock, type GoblinError, type Priority, testTelemetry } from '@goblin/core';
import { type Admission, type AdmissionLimits, createAdmission } from '../admission.ts';
import type { Pace } from '../pace.ts';

export interface Pool {
  workers: number;
  /** What a call takes of a worker. */
  serviceMs: () => number;
}

export interface Tally {
  ok: number;
  refused: number;
  late: number;
  tooLong: number;
}

export function admissionFor(clock: Clock, limits: Partial<AdmissionLimits> = {}): Admission {
  const { log, metrics } = testTelemetry();
  return createAdmission({ clock, metrics, log, limits, random: () => 0.5 });
}

/** Calls that go through an admission to a pool. */
export class PoolCalls {
  readonly tally: Tally = { ok: 0, refused: 0, late: 0, tooLong: 0 };
  readonly #clock: Clock;
  readonly #admission: Admission;
  readonly #pool: Pool;
  readonly #queue: (() => void)[] = [];
  #busy = 0;

  constructor(clock: Clock, admission: Admission, pool: Pool) {
    this.#clock = clock;
    this.#admission = admission;
    this.#pool = pool;
  }

  /** @param deadlineMs what the caller gives it; nobody takes it out of the pool then. */
  call(deadlineMs = 1_000, priority: Priority = 'user', pace?: Pace): void {
    const deadline = this.#clock.now() + deadlineMs;
    const asked = { priority, deadline, cancellation: new Cancellation() };
    const turn = this.#admission.enter(asked, this.#clock.now(), pace);
    if (!turn) this.#begin(deadline, pace);
    else
      turn.then(
        () => this.#begin(deadline, pace),
        (error: GoblinError) => {
          if (error.code === 'RESOURCE_EXHAUSTED') this.tally.refused++;
          else this.tally.late++;
        },
      );
  }

  #begin(deadline: number, pace: Pace | undefined): void {
    const enteredAt = this.#clock.now();
    let isIn = true;
    const leave = (outcome: 'ok' | 'dropped'): void => {
      if (isIn) this.#admission.leave(enteredAt, this.#clock.now(), outcome, pace);
      isIn = false;
    };
    const timeout = this.#clock.after(deadline - enteredAt, () => {
      this.tally.tooLong++;
      leave('dropped');
    });
    this.#queue.push(() => {
      this.#clock.after(this.#pool.serviceMs(), () => {
        this.#busy--;
        if (isIn) this.tally.ok++;
        timeout.cancel();
        leave('ok');
        this.#next();
      });
    });
    this.#next();
  }

  #next(): void {
    while (this.#busy < this.#pool.workers && this.#queue.length > 0) {
      this.#busy++;
      this.#queue.shift()!();
    }
  }
}

/** So many calls per second, evenly, for so long. */
export async function flood(
  clock: Clock & { advance(byMs: number): Promise<void> },
  perSecond: number,
  forMs: number,
  call: () => void,
): Promise<void> {
  const gapMs = 1_000 / perSecond;
  let due = 0;
  const timer = clock.every(1, () => {
    for (due += 1 / gapMs; due >= 1; due--) call();
  });
  await clock.advance(forMs);
  timer.cancel();
}
