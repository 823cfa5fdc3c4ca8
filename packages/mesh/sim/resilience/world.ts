/** Simulated time. Everything happens in one queue of events, the same in each run with the same seed. Production code
 * that waits for promises gets to run on before time moves. */
import { eventQueue, type Timer } from '@goblin/core';
import { seededRandom } from '../../src/balance/testing/seeded-random.ts';

/** Each way between two processes. */
const MIN_LATENCY_MS = 0.2;
const MAX_LATENCY_MS = 0.6;

export class World {
  readonly random: () => number;
  now = 0;
  readonly #queue = eventQueue();
  #isUnsettled = false;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  at(time: number, run: () => void): Timer {
    const event = this.#queue.add(Math.max(this.now, time), run);
    return {
      cancel: () => {
        event.cancelled = true;
      },
    };
  }

  after(delayMs: number, run: () => void): void {
    this.#queue.add(this.now + delayMs, run);
  }

  /** A promise may have settled: time stands still until all that follows from it has happened. */
  settle(): void {
    this.#isUnsettled = true;
  }

  async run(until: number): Promise<void> {
    for (let event = this.#queue.take(until); event; event = this.#queue.take(until)) {
      this.now = event.at;
      event.run();
      if (!this.#isUnsettled) continue;
      this.#isUnsettled = false;
      await promisesSettled();
    }
    this.now = until;
  }

  latencyMs(): number {
    return this.between(MIN_LATENCY_MS, MAX_LATENCY_MS);
  }

  between(low: number, high: number): number {
    return low + this.random() * (high - low);
  }

  exponential(mean: number): number {
    return -mean * Math.log(1 - this.random());
  }

  /** @param sigma of the logarithm */
  lognormal(mean: number, sigma: number): number {
    const normal = Math.sqrt(-2 * Math.log(1 - this.random())) * Math.cos(2 * Math.PI * this.random());
    return mean * Math.exp(sigma * normal - (sigma * sigma) / 2);
  }
}

/** Node runs what was put off to the next tick once no promise has anything left to do; unlike a turn of the real
 * event loop that costs next to nothing. */
function promisesSettled(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
