/** Asks for metrics by Prometheus' HTTP API, and lays the answers on one axis of time, as charts want them. */
import type { Labels } from '../../../src/model.ts';
import { ask } from '../../shared/server.ts';
import { stepOf, type TimeRange } from './time-range.ts';

/** Steps of a chart: more than its pixels would be lost. */
const MAX_STEPS = 240;

export interface Series {
  readonly labels: Labels;
  /** One for each time of the grid; null where there is none. */
  readonly values: readonly (number | null)[];
}

export interface Grid {
  /** Milliseconds, `stepMs` apart. */
  readonly times: readonly number[];
  readonly stepMs: number;
}

export interface Exemplar {
  readonly atMs: number;
  readonly value: number;
  readonly traceId: string;
  readonly labels: Labels;
}

/** The times of a chart. They are multiples of the step, so that a range that moves on asks for the same ones again. */
export function gridOf(range: TimeRange, maxSteps: number = MAX_STEPS): Grid {
  const stepMs = stepOf(range, maxSteps);
  const firstMs = Math.ceil(range.fromMs / stepMs) * stepMs;
  const count = Math.floor((range.toMs - firstMs) / stepMs) + 1;
  return {
    times: Array.from({ length: Math.max(0, count) }, (_, index) => firstMs + index * stepMs),
    stepMs,
  };
}

export async function queryRange(query: string, grid: Grid, signal: AbortSignal): Promise<Series[]> {
  const { times, stepMs } = grid;
  if (times.length === 0) return [];
  const asked = new URLSearchParams({
    query,
    start: String(times[0]! / 1_000),
    end: String(times.at(-1)! / 1_000),
    step: String(stepMs / 1_000),
  });
  const { data } = await ask<RangeAnswer>(`/api/v1/query_range?${asked}`, { signal });
  return data.result.map(({ metric, values }) => ({ labels: metric, values: onGrid(values, grid) }));
}

/** The values of now, or of a time. */
export async function queryNow(
  query: string,
  signal: AbortSignal,
  atMs?: number,
): Promise<{ labels: Labels; value: number }[]> {
  const asked = new URLSearchParams({ query, ...(atMs !== undefined && { time: String(atMs / 1_000) }) });
  const { data } = await ask<InstantAnswer>(`/api/v1/query?${asked}`, { signal });
  if (data.resultType === 'vector')
    return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  return data.resultType === 'scalar' ? [{ labels: {}, value: Number(data.result[1]) }] : [];
}

export async function queryExemplars(
  query: string,
  { fromMs, toMs }: TimeRange,
  signal: AbortSignal,
): Promise<Exemplar[]> {
  const asked = new URLSearchParams({ query, start: String(fromMs / 1_000), end: String(toMs / 1_000) });
  const { data } = await ask<ExemplarAnswer>(`/api/v1/query_exemplars?${asked}`, { signal });
  return data.flatMap(({ seriesLabels, exemplars }) =>
    exemplars.flatMap(({ labels, value, timestamp }) => {
      const traceId = labels.trace_id ?? labels.traceID ?? labels.traceId;
      if (traceId === undefined) return [];
      return [{ atMs: timestamp * 1_000, value: Number(value), traceId, labels: seriesLabels }];
    }),
  );
}

/** `tax`, or `{method="GET", route="/x"}` without what all have in common. */
export function nameOf(labels: Labels, common: ReadonlySet<string> = new Set()): string {
  const { __name__: metric = '', ...rest } = labels;
  const own = Object.entries(rest).filter(([name]) => !common.has(name));
  if (own.length === 0) return metric || 'value';
  if (own.length === 1 && (metric === '' || common.has('__name__'))) return own[0]![1] || '""';
  const shown = common.has('__name__') ? '' : metric;
  return `${shown}{${own.map(([name, value]) => `${name}="${value}"`).join(', ')}}`;
}

/** The labels that have one value in all of them. Of one series nothing is common. */
export function commonLabels(series: readonly { readonly labels: Labels }[]): ReadonlySet<string> {
  const [first, ...others] = series;
  if (!first || others.length === 0) return new Set();
  const same = Object.keys(first.labels).filter((name) =>
    others.every(({ labels }) => labels[name] === first.labels[name]),
  );
  return new Set(same);
}

/** A text as it stands in a query. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}

interface RangeAnswer {
  readonly data: { readonly result: readonly { metric: Labels; values: readonly [number, string][] }[] };
}

interface InstantAnswer {
  readonly data:
    | {
        readonly resultType: 'vector';
        readonly result: readonly { metric: Labels; value: [number, string] }[];
      }
    | { readonly resultType: 'scalar' | 'string'; readonly result: [number, string] };
}

interface ExemplarAnswer {
  readonly data: readonly {
    readonly seriesLabels: Labels;
    readonly exemplars: readonly { labels: Labels; value: string; timestamp: number }[];
  }[];
}

/** NaN, which quantiles of nothing are, is shown as nothing. */
function onGrid(points: readonly [number, string][], { times, stepMs }: Grid): (number | null)[] {
  const values: (number | null)[] = new Array(times.length).fill(null);
  for (const [seconds, text] of points) {
    const index = Math.round((seconds * 1_000 - times[0]!) / stepMs);
    const value = Number(text);
    if (index >= 0 && index < values.length && Number.isFinite(value)) values[index] = value;
  }
  return values;
}
