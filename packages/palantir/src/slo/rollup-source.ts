/** Long windows by rollups: by the minute, and where that would be more than `maxPoints`, by the hour. Only the hours are read to find
 * out, a sixtieth of it. By the hour it misses what an instance did in its first hour, good and bad alike. */

import { bySteps, type SeriesSource } from '../query/promql/source.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const MINUTES_PER_HOUR = 60;
/** Up to here minutes are few whatever they are of. */
const SHORT_MS: number = 6 * HOUR_MS;

export function rollupSource(metrics: SeriesSource, maxPoints: number): SeriesSource {
  const byMinutes = bySteps(metrics, MINUTE_MS);
  const byHours = bySteps(metrics, HOUR_MS);
  return {
    async select(matchers, fromMs, toMs, options) {
      if (toMs - fromMs <= SHORT_MS) return byMinutes.select(matchers, fromMs, toMs, options);
      const hours = await byHours.select(matchers, fromMs, toMs, options);
      const points = hours.reduce((sum, { times }) => sum + times.length, 0);
      const isFew = points * MINUTES_PER_HOUR <= maxPoints;
      return isFew ? byMinutes.select(matchers, fromMs, toMs, options) : hours;
    },
  };
}
