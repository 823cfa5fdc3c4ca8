/** How fast a counter rises now: over the last SOON_MS, so that what breaks is seen at once; where it was told less often than that, over
 * the last LONG_MS. As PromQL's `rate(x[10s]) or rate(x[2m])`, with one reading of the samples instead of two. */
import { RANGE_FUNCTIONS } from '../query/promql/range-functions.ts';
import { type SampleSeries, withoutMarks } from '../query/promql/source.ts';

const SOON_MS = 10_000;
export const LONG_MS: number = 120_000;
const rate = RANGE_FUNCTIONS.rate!;

/** Per second. @param series samples of LONG_MS before `atMs`; undefined where there are too few */
export function recentRate(series: SampleSeries, atMs: number): number | undefined {
  const { times, values } = withoutMarks(series);
  const over = (rangeMs: number): number | undefined => {
    const startMs = atMs - rangeMs;
    let from = times.length;
    while (from > 0 && times[from - 1]! >= startMs) from--;
    return rate({ times, values, from, to: times.length, startMs, endMs: atMs, atMs }, 0);
  };
  return over(SOON_MS) ?? over(LONG_MS);
}
