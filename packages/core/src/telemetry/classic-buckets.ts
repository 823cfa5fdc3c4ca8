/** The few fixed bounds that a scraper sees of a fine histogram. A fine bucket counts under the first bound that it
 * does not lie wholly above, so values that equal a bound count under it, and with them those up to 1/16 larger. */
import { BUCKETS, lowerBound } from './log-linear-histogram.ts';

const BOUNDS: Readonly<Record<string, readonly number[]>> = {
  seconds: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  bytes: [64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216],
};
const OTHER_BOUNDS: readonly number[] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000];

export interface ClassicBuckets {
  /** Upper bounds, rising, without +Inf. */
  readonly bounds: readonly number[];
  /** For each fine bucket the bound it counts under; bounds.length stands for +Inf. */
  readonly groups: Uint8Array;
}

const known = new Map<readonly number[], ClassicBuckets>();

export function classicBuckets(unit: string): ClassicBuckets {
  const bounds = BOUNDS[unit] ?? OTHER_BOUNDS;
  let buckets = known.get(bounds);
  if (!buckets) {
    const groups = Uint8Array.from({ length: BUCKETS }, (_, bucket) => {
      const group = bounds.findIndex((bound) => lowerBound(bucket) <= bound);
      return group < 0 ? bounds.length : group;
    });
    buckets = { bounds, groups };
    known.set(bounds, buckets);
  }
  return buckets;
}
