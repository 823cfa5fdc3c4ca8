/** What is counted of answers per second: how many there are, how many fail, and how long they take, as the buckets of a histogram. */
import { type Bucket, bucketQuantile } from '../query/promql/histogram-quantile.ts';

export interface Tally {
  requestsPerSecond: number;
  failuresPerSecond: number;
  /** Per second, by upper bound in seconds, cumulative as they are told. */
  readonly buckets: Map<number, number>;
}

/** One for each key, made when it is asked for first. */
export class Tallies<K extends string = string> {
  readonly #tallies = new Map<K, Tally>();

  of(key: K): Tally {
    let tally = this.#tallies.get(key);
    if (!tally) {
      tally = { requestsPerSecond: 0, failuresPerSecond: 0, buckets: new Map() };
      this.#tallies.set(key, tally);
    }
    return tally;
  }

  [Symbol.iterator](): Iterator<[K, Tally]> {
    return this.#tallies[Symbol.iterator]();
  }
}

/** From 0 to 1. */
export function failingShare({ requestsPerSecond, failuresPerSecond }: Tally): number {
  return requestsPerSecond > 0 ? Math.min(1, failuresPerSecond / requestsPerSecond) : 0;
}

/** 0 where nothing was answered. */
export function quantileMs({ buckets }: Tally, q: number): number {
  if (buckets.size === 0) return 0;
  const sorted = [...buckets].sort(([a], [b]) => a - b).map(([upTo, count]): Bucket => ({ upTo, count }));
  const seconds = bucketQuantile(q, sorted);
  return Number.isFinite(seconds) ? seconds * 1_000 : 0;
}
