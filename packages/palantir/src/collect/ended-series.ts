/** Says which series have ended, so that charts and alerts do not take the last value of a process, mount or container that is gone
 * for its present one: each look's series are compared with those of the look before, and what is missing gets Prometheus'
 * stale mark. */
import { BatchBuilder } from '../decode/batch-builder.ts';
import type { Labels, Sample } from '../model.ts';
import { seriesKey } from './series-key.ts';

export interface EndedSeries {
  /** @returns what `samples` holds, and marks for the series that were in the last ones and are not in these. */
  marked(samples: readonly Sample[], atMs: number): readonly Sample[];
}

export function endedSeries(): EndedSeries {
  let before = new Map<string, Labels>();
  return {
    marked(samples, atMs) {
      const now = new Map(samples.map(({ series }) => [seriesKey(series), series]));
      const gone = [...before].filter(([key]) => !now.has(key)).map(([, series]) => series);
      before = now;
      return [...samples, ...staleMarks(gone, atMs)];
    },
  };
}

export function staleMarks(series: readonly Labels[], atMs: number): readonly Sample[] {
  const builder = new BatchBuilder(atMs);
  for (const labels of series) builder.addStale(labels, atMs);
  return builder.batch().samples;
}
