/** Long windows by rollups: by the minute, and where that would be more than `maxPoints`, by the hour. Only the hours are read to find
 * out, a sixtieth of it. By the hour it misses what an instance did in its first hour, good and bad alike. */

import type { Matcher } from '../model.ts';
import type { SampleSeries, SelectOptions, SeriesSource } from '../query/promql/source.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const MINUTES_PER_HOUR = 60;
/** Up to here minutes are few whatever they are of. */
const SHORT_MS: number = 6 * HOUR_MS;

export function rollupSource(metrics: SeriesSource, maxPoints: number): SeriesSource {
  return {
    async select(matchers: readonly Matcher[], fromMs: number, toMs: number, options?: SelectOptions) {
      const by = (stepMs: number): Promise<readonly SampleSeries[]> =>
        metrics.select(matchers, fromMs, toMs, { ...options, stepMs });
      if (toMs - fromMs <= SHORT_MS) return by(MINUTE_MS);
      const hours = await by(HOUR_MS);
      const points = hours.reduce((sum, { times }) => sum + times.length, 0);
      return points * MINUTES_PER_HOUR <= maxPoints ? by(MINUTE_MS) : hours;
    },
  };
}
