/** An exponential histogram as a classic one. Bucket i holds what lies in (base^i, base^(i+1)], base = 2^(2^-scale); it counts
 * under the first bound that it does not lie wholly above. So a value may count under a bound that it exceeds by less than a
 * bucket's width, but when the sender halves its resolution the counts only rise: no rate sees a reset. */
import type { WireBuckets, WirePoint } from './wire.ts';

/** @returns for each bound, and last for +Inf, how many count under it and not under the one before. */
export function classicCounts(point: WirePoint, bounds: readonly number[]): number[] {
  const counts = new Array<number>(bounds.length + 1).fill(0);
  counts[0] = point.zeroCount;
  place(point.positive, point.scale, bounds, counts);
  // All bounds are above zero.
  for (const count of point.negative.counts) counts[0]! += count;
  return counts;
}

function place(
  { offset, counts }: WireBuckets,
  scale: number,
  bounds: readonly number[],
  into: number[],
): void {
  const step = 2 ** -scale;
  let group = 0;
  for (let i = 0; i < counts.length; i += 1) {
    const lower = 2 ** ((offset + i) * step);
    while (group < bounds.length && bounds[group]! <= lower) group += 1;
    into[group]! += counts[i]!;
  }
}
