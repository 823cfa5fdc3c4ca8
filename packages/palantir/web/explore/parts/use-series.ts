/** Several queries over one range, asked together. One that fails leaves the others. */
import { useMemo } from 'preact/hooks';
import { type Grid, gridOf, queryRange, type Series } from './prometheus.ts';
import type { TimeRange } from './time-range.ts';
import { type Answer, useAsked } from './use-answer.ts';

export interface SeriesOfQuery {
  readonly series: readonly Series[];
  readonly error?: Error;
}

export interface SeriesAnswer {
  readonly grid: Grid;
  readonly queries: readonly string[];
  /** One for each query. */
  readonly results: readonly SeriesOfQuery[];
}

export function useSeries(queries: readonly string[], range: TimeRange): Answer<SeriesAnswer> {
  const grid = useMemo(() => gridOf(range), [range]);
  const key =
    queries.length > 0 ? JSON.stringify([queries, grid.times[0], grid.times.length, grid.stepMs]) : undefined;
  return useAsked(key, async (signal) => ({
    grid,
    queries,
    results: await Promise.all(queries.map((query) => seriesOf(query, grid, signal))),
  }));
}

async function seriesOf(query: string, grid: Grid, signal: AbortSignal): Promise<SeriesOfQuery> {
  if (query === '') return { series: [] };
  try {
    return { series: await queryRange(query, grid, signal) };
  } catch (error) {
    if (signal.aborted) throw error;
    return { series: [], error: error as Error };
  }
}
