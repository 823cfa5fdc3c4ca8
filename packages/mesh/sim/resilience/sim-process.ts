/** A process with one event loop, as Node has it: one thing after the other, and while something computes, or the whole
 * process stands still, everything else waits, its timers too. Once it has ended nothing happens in it any more. */
import type { Clock, Timer } from '@goblin/core';
import type { World } from './world.ts';

const EPOCH_MS = Date.UTC(2026, 0, 1);

interface Turn {
  readonly costMs: number;
  readonly run: () => void;
}

export class SimProcess {
  readonly world: World;
  readonly clock: Clock;
  isAlive = true;
  readonly #turns: Turn[] = [];
  #head = 0;
  #isScheduled = false;
  #busyUntil = 0;

  constructor(world: World) {
    this.world = world;
    const after = (delayMs: number, run: () => void): Timer =>
      world.at(world.now + Math.max(0, delayMs), () =>
        this.turn(0, () => {
          world.settle();
          run();
        }),
      );
    this.clock = {
      now: () => world.now,
      wall: () => EPOCH_MS + Math.floor(world.now),
      after,
      every(periodMs, run) {
        let timer = after(periodMs, function again(): void {
          timer = after(periodMs, again);
          run();
        });
        return { cancel: () => timer.cancel() };
      },
    };
  }

  /** Takes so much of the event loop's time, after what came before, and then runs. */
  turn(costMs: number, run: () => void): void {
    if (!this.isAlive) return;
    const isIdle = !this.#isScheduled && this.#busyUntil <= this.world.now;
    if (costMs === 0 && isIdle) return run();
    this.#turns.push({ costMs, run });
    this.#schedule();
  }

  /** What runs now keeps the event loop for so long. */
  compute(forMs: number, done: () => void): void {
    this.pause(forMs);
    this.world.after(this.#busyUntil - this.world.now, () => {
      if (this.isAlive) done();
    });
  }

  /** Stands still. */
  pause(forMs: number): void {
    this.#busyUntil = Math.max(this.#busyUntil, this.world.now) + forMs;
  }

  #schedule(): void {
    const turn = this.#turns[this.#head];
    if (this.#isScheduled || !turn) return;
    this.#isScheduled = true;
    this.#busyUntil = Math.max(this.#busyUntil, this.world.now) + turn.costMs;
    this.#runWhenFree();
  }

  #runWhenFree(): void {
    const { world } = this;
    world.after(this.#busyUntil - world.now, () => {
      if (!this.isAlive) return;
      if (this.#busyUntil > world.now) return this.#runWhenFree();
      this.#isScheduled = false;
      this.#take().run();
      this.#schedule();
    });
  }

  #take(): Turn {
    const turn = this.#turns[this.#head++]!;
    if (this.#head === this.#turns.length) {
      this.#turns.length = 0;
      this.#head = 0;
    }
    return turn;
  }
}
