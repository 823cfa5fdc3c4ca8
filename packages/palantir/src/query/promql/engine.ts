/** Asks for metrics in PromQL: at one moment, or at steps of a range. Queries are limited in samples, steps and time; what
 * ends one says which limit it was. Ranges and lookback hold both of their ends, as in Prometheus 2. Not there: native
 * histograms and `holt_winters`. */
import { GoblinError } from '@goblin/core';
import type { Labels } from '../../model.ts';
import { evaluate, isScalar, type Limits, tooManySteps } from './evaluate.ts';
import { parse, typeOf } from './parser.ts';
import { type SeriesSource, withoutMarks } from './source.ts';
import { present, type Steps, timeOf, type Vector } from './vector.ts';

export const MAX_STEPS = 11_000;
export const MAX_SAMPLES = 50_000_000;
export const QUERY_TIMEOUT_MS = 30_000;

export interface QueryOptions {
  readonly signal?: AbortSignal;
  /** Default 30,000. */
  readonly timeoutMs?: number;
  readonly limits?: Partial<Limits>;
}

/** Values as [milliseconds, number]. */
export interface SeriesResult {
  readonly labels: Labels;
  readonly points: readonly (readonly [number, number])[];
}

export interface QueryResult {
  readonly type: 'vector' | 'scalar' | 'matrix' | 'string';
  readonly series: readonly SeriesResult[];
  /** Of a text. */
  readonly text?: string;
}

/** @throws INVALID_INPUT, RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED */
export async function queryInstant(
  source: SeriesSource,
  query: string,
  atMs: number,
  options: QueryOptions = {},
): Promise<QueryResult> {
  const expression = parse(query);
  if (expression.type === 'string') return { type: 'string', series: [], text: expression.value };
  const type = typeOf(expression);
  if (type === 'matrix') {
    if (expression.type !== 'selector') rangeAlone();
    const to =
      (typeof expression.shift.pin === 'number' ? expression.shift.pin : atMs) - expression.shift.offsetMs;
    const found = await bounded(options, (signal) =>
      source.select(expression.matchers, to - expression.rangeMs!, to, { signal }),
    );
    const series = found.map(withoutMarks).map(({ labels, times, values }) => ({
      labels,
      points: Array.from(times, (time, i) => [time, values[i]!] as const),
    }));
    return { type, series: series.filter(({ points }) => points.length > 0) };
  }
  const steps = { startMs: atMs, stepMs: 0, count: 1 };
  return { type: type as 'vector' | 'scalar', series: await run(source, query, steps, atMs, options) };
}

/** @throws INVALID_INPUT, RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED */
export async function queryRange(
  source: SeriesSource,
  query: string,
  range: { readonly fromMs: number; readonly toMs: number; readonly stepMs: number },
  options: QueryOptions = {},
): Promise<QueryResult> {
  const { fromMs, toMs, stepMs } = range;
  if (!(stepMs > 0) || !(toMs >= fromMs))
    throw new GoblinError('INVALID_INPUT', {
      message: 'a range needs a step above 0 and an end that is not before its start',
    });
  const count = Math.floor((toMs - fromMs) / stepMs) + 1;
  const limits = limitsOf(options);
  if (count > limits.maxSteps) tooManySteps(count, limits);
  if (typeOf(parse(query)) === 'matrix') rangeAlone();
  return {
    type: 'matrix',
    series: await run(source, query, { startMs: fromMs, stepMs, count }, toMs, options),
  };
}

function rangeAlone(): never {
  throw new GoblinError('INVALID_INPUT', {
    message: 'a range has no value at a step: give it to a function, such as rate(x[5m])',
  });
}

function limitsOf({ limits }: QueryOptions): Limits {
  return { maxSteps: MAX_STEPS, maxSamples: MAX_SAMPLES, ...limits };
}

function run(
  source: SeriesSource,
  query: string,
  steps: Steps,
  endMs: number,
  options: QueryOptions,
): Promise<SeriesResult[]> {
  return bounded(options, async (signal) => {
    const value = await evaluate(parse(query), {
      ...{ source, steps, signal, limits: limitsOf(options), spent: { samples: 0 } },
      ...{ startMs: steps.startMs, endMs },
    });
    return results(isScalar(value) ? [always(value)] : present(value), steps);
  });
}

function always(values: Float64Array): Vector[number] {
  return { labels: {}, values, present: new Uint8Array(values.length).fill(1) };
}

function results(vector: Vector, steps: Steps): SeriesResult[] {
  return vector.map(({ labels, values, present }) => {
    const points: [number, number][] = [];
    for (let step = 0; step < values.length; step++)
      if (present[step]) points.push([timeOf(steps, step), values[step]!]);
    return { labels, points };
  });
}

async function bounded<T>(
  { signal, timeoutMs = QUERY_TIMEOUT_MS }: QueryOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const timeUp = AbortSignal.timeout(timeoutMs);
  try {
    return await work(signal ? AbortSignal.any([signal, timeUp]) : timeUp);
  } catch (error) {
    if (!timeUp.aborted) throw error;
    throw new GoblinError('DEADLINE_EXCEEDED', {
      message: `the query took longer than ${timeoutMs / 1_000} s: ask for a shorter time, longer steps, or fewer series`,
      cause: error,
    });
  }
}
