/** Evaluates the tree of a query at all of its steps at once. Samples are asked of the source once per selector; where both the steps and
 * what each looks at are long, what the source has rolled up will do. */
import { GoblinError } from '@goblin/core';
import { isStale } from '../../sample-rules.ts';
import type { Aggregate } from '../../store/metrics/rollup.ts';
import { aggregate, countValues } from './aggregations.ts';
import type { Aggregation, Binary, Call, Expression, Selector, Subquery, TimeShift } from './ast.ts';
import { histogramQuantile } from './histogram-quantile.ts';
import { labelJoin, labelReplace } from './label-functions.ts';
import { scalars, sets, vectorAndScalar, vectors } from './operators.ts';
import { SETS } from './parser.ts';
import { RANGE_FUNCTIONS, ROLLED_UP } from './range-functions.ts';
import { DATE_FUNCTIONS, roundTo, SIMPLE_FUNCTIONS } from './simple-functions.ts';
import { type SampleSeries, type SeriesSource, withoutMarks } from './source.ts';
import { subqueryStepMs } from './subquery-steps.ts';
import {
  distinct,
  emptySeries,
  mapValues,
  type Steps,
  timeOf,
  unnamed,
  type Vector,
  type VectorSeries,
} from './vector.ts';

/** For how long a sample stands for its series. */
export const LOOKBACK_MS = 300_000;
/** What is rolled up is finer than a step, and than what a step looks at, so many times. */
const FINER = 5;

export interface Limits {
  readonly maxSteps: number;
  /** Samples that are read, and values that are computed, in all. */
  readonly maxSamples: number;
}

export interface Evaluation {
  readonly source: SeriesSource;
  readonly steps: Steps;
  readonly limits: Limits;
  readonly signal: AbortSignal;
  readonly spent: { samples: number };
  /** The ends of the whole query, for `@ start()` and `@ end()`. */
  readonly startMs: number;
  readonly endMs: number;
}

/** Samples of a range for each step. */
interface Matrix {
  readonly series: readonly SampleSeries[];
  readonly rangeMs: number;
  readonly shift: TimeShift;
}

/** A scalar is one number for each step. */
export type Value = Float64Array | Vector;

export function isScalar(value: Value): value is Float64Array {
  return value instanceof Float64Array;
}

export async function evaluate(expression: Expression, run: Evaluation): Promise<Value> {
  run.signal.throwIfAborted();
  const { count } = run.steps;
  switch (expression.type) {
    case 'number':
      return new Float64Array(count).fill(expression.value);
    case 'string':
      throw new GoblinError('INVALID_INPUT', { message: 'a text alone has no value over time' });
    case 'negation': {
      const inner = await evaluate(expression.inner, run);
      return isScalar(inner) ? inner.map((value) => -value) : mapValues(inner, (value) => -value);
    }
    case 'selector':
      return newest(expression, run);
    case 'subquery':
      throw new GoblinError('INVALID_INPUT', {
        message: 'a range has to be given to a function such as max_over_time',
      });
    case 'aggregation':
      return aggregation(expression, run);
    case 'binary':
      return binary(expression, run);
    case 'call':
      return call(expression, run);
  }
}

async function vectorOf(expression: Expression, run: Evaluation): Promise<Vector> {
  return (await evaluate(expression, run)) as Vector;
}

async function scalarOf(expression: Expression, run: Evaluation): Promise<Float64Array> {
  return (await evaluate(expression, run)) as Float64Array;
}

function textOf(expression: Expression): string {
  if (expression.type === 'string') return expression.value;
  throw new GoblinError('INVALID_INPUT', { message: 'a text in quotes is expected' });
}

/** When the samples for a step are looked at. */
function lookedAtMs({ offsetMs, pin }: TimeShift, run: Evaluation, step: number): number {
  const at = pin === 'start' ? run.startMs : pin === 'end' ? run.endMs : (pin ?? timeOf(run.steps, step));
  return at - offsetMs;
}

function spend(run: Evaluation, samples: number): void {
  run.spent.samples += samples;
  if (run.spent.samples > run.limits.maxSamples)
    throw new GoblinError('RESOURCE_EXHAUSTED', {
      message: `the query needs more than ${run.limits.maxSamples} samples: ask for a shorter time, longer steps, or fewer series`,
    });
}

/** @param aggregate of what is rolled up; undefined where all samples are needed */
async function read(
  selector: Selector,
  run: Evaluation,
  reachMs: number,
  aggregate: Aggregate | undefined,
): Promise<readonly SampleSeries[]> {
  const { shift, matchers } = selector;
  const from = lookedAtMs(shift, run, 0) - reachMs;
  const to = lookedAtMs(shift, run, run.steps.count - 1);
  const { stepMs } = run.steps;
  const series = await run.source.select(matchers, from, to, {
    ...(aggregate && { stepMs: Math.min(stepMs, reachMs) / FINER, aggregate }),
    signal: run.signal,
  });
  spend(
    run,
    series.reduce((sum, { times }) => sum + times.length + run.steps.count, 0),
  );
  return series;
}

/** The newest sample of each series at each step, unless it is too old. */
async function newest(
  selector: Selector,
  run: Evaluation,
  valueAt?: (series: SampleSeries, i: number) => number,
): Promise<Vector> {
  const { count } = run.steps;
  const found: VectorSeries[] = [];
  for (const series of await read(selector, run, LOOKBACK_MS, 'last')) {
    const result = emptySeries(valueAt ? unnamed(series.labels) : series.labels, count);
    let next = 0;
    for (let step = 0; step < count; step++) {
      const at = lookedAtMs(selector.shift, run, step);
      while (next < series.times.length && series.times[next]! <= at) next++;
      if (next === 0 || series.times[next - 1]! < at - LOOKBACK_MS || isStale(series.values, next - 1))
        continue;
      result.present[step] = 1;
      result.values[step] = valueAt ? valueAt(series, next - 1) : series.values[next - 1]!;
    }
    found.push(result);
  }
  return found;
}

async function matrixOf(
  expression: Selector | Subquery,
  run: Evaluation,
  aggregate: Aggregate | undefined,
): Promise<Matrix> {
  const { shift } = expression;
  const rangeMs = expression.rangeMs!;
  if (expression.type === 'selector') {
    const series = await read(expression, run, rangeMs, aggregate);
    return { series: series.map(withoutMarks), rangeMs, shift };
  }
  const stepMs = subqueryStepMs(expression, run.steps.stepMs);
  const first = lookedAtMs(shift, run, 0) - rangeMs;
  const last = lookedAtMs(shift, run, run.steps.count - 1);
  const startMs = Math.ceil(first / stepMs) * stepMs;
  const steps = { startMs, stepMs, count: Math.max(0, Math.floor((last - startMs) / stepMs) + 1) };
  if (steps.count > run.limits.maxSteps) tooManySteps(steps.count, run.limits);
  if (steps.count === 0) return { series: [], rangeMs, shift };
  const value = await evaluate(expression.inner, { ...run, steps });
  if (isScalar(value)) return { series: [], rangeMs, shift };
  spend(run, value.length * steps.count);
  return { series: value.map((series) => samplesOf(series, steps)), rangeMs, shift };
}

function samplesOf({ labels, values, present }: VectorSeries, steps: Steps): SampleSeries {
  const at: number[] = [];
  for (let step = 0; step < present.length; step++) if (present[step]) at.push(step);
  return {
    labels,
    times: Float64Array.from(at, (step) => timeOf(steps, step)),
    values: Float64Array.from(at, (step) => values[step]!),
  };
}

export function tooManySteps(count: number, { maxSteps }: Limits): never {
  throw new GoblinError('INVALID_INPUT', {
    message: `the query has ${count} steps, and ${maxSteps} at most are allowed: make the step longer`,
  });
}

async function overRange({ name, args }: Call, run: Evaluation): Promise<Vector> {
  const compute = RANGE_FUNCTIONS[name]!;
  const range = args.find((arg) => arg.type === 'selector' || arg.type === 'subquery') as Selector | Subquery;
  const other = args.find((arg) => arg !== range);
  const parameter = other && (await scalarOf(other, run));
  const { series, rangeMs, shift } = await matrixOf(range, run, ROLLED_UP[name]);
  const keepsName = name === 'last_over_time';
  const results = series.map(({ labels, times, values }) => {
    const result = emptySeries(keepsName ? labels : unnamed(labels), run.steps.count);
    // One for all steps: they are many.
    const window = { times, values, from: 0, to: 0, startMs: 0, endMs: 0, atMs: 0 };
    for (let step = 0; step < run.steps.count; step++) {
      window.atMs = timeOf(run.steps, step);
      window.endMs = lookedAtMs(shift, run, step);
      window.startMs = window.endMs - rangeMs;
      while (window.to < times.length && times[window.to]! <= window.endMs) window.to++;
      while (window.from < window.to && times[window.from]! < window.startMs) window.from++;
      if (window.from === window.to) continue;
      const value = compute(window, parameter?.[step] ?? 0);
      if (value === undefined) continue;
      result.present[step] = 1;
      result.values[step] = value;
    }
    return result;
  });
  return keepsName ? results : distinct(results);
}

async function aggregation(expression: Aggregation, run: Evaluation): Promise<Vector> {
  const vector = await vectorOf(expression.inner, run);
  const { parameter } = expression;
  const { count } = run.steps;
  if (expression.op === 'count_values') return countValues(expression, vector, textOf(parameter!), count);
  return aggregate(expression, vector, parameter && (await scalarOf(parameter, run)), count);
}

async function binary(expression: Binary, run: Evaluation): Promise<Value> {
  const [left, right] = [await evaluate(expression.left, run), await evaluate(expression.right, run)];
  if (isScalar(left)) {
    return isScalar(right)
      ? scalars(expression.op, left, right)
      : vectorAndScalar(expression, right, left, false);
  }
  if (isScalar(right)) return vectorAndScalar(expression, left, right, true);
  const join = SETS.has(expression.op) ? sets : vectors;
  return join(expression, left, right, run.steps.count);
}

async function call(expression: Call, run: Evaluation): Promise<Value> {
  const { name, args } = expression;
  const { count } = run.steps;
  const first = args[0]!;
  if (RANGE_FUNCTIONS[name]) return overRange(expression, run);
  const simple = SIMPLE_FUNCTIONS[name];
  if (simple) return mapValues(await vectorOf(first, run), simple);
  const datePart = DATE_FUNCTIONS[name];
  if (datePart)
    return mapValues(args.length === 0 ? constant(now(run)) : await vectorOf(first, run), datePart);
  switch (name) {
    case 'time':
      return now(run);
    case 'pi':
      return new Float64Array(count).fill(Math.PI);
    case 'vector':
      return constant(await scalarOf(first, run));
    case 'scalar':
      return onlyValue(await vectorOf(first, run), count);
    case 'timestamp':
      if (first.type === 'selector') return newest(first, run, ({ times }, i) => times[i]! / 1_000);
      return mapValues(await vectorOf(first, run), (_, step) => timeOf(run.steps, step) / 1_000);
    case 'sort':
    case 'sort_desc':
      return sorted(await vectorOf(first, run), name === 'sort' ? 1 : -1);
    case 'absent':
      return absent(await vectorOf(first, run), labelsOf(first), count);
    case 'absent_over_time': {
      const seen = await overRange({ ...expression, name: 'present_over_time' }, run);
      return absent(seen, labelsOf(first), count);
    }
    case 'round':
    case 'clamp':
    case 'clamp_min':
    case 'clamp_max':
      return bounded(
        name,
        await vectorOf(first, run),
        await Promise.all(args.slice(1).map((arg) => scalarOf(arg, run))),
      );
    case 'histogram_quantile':
      return histogramQuantile(await scalarOf(first, run), await vectorOf(args[1]!, run));
    case 'label_replace':
      return labelReplace(await vectorOf(first, run), args.slice(1).map(textOf));
    case 'label_join':
      return labelJoin(await vectorOf(first, run), args.slice(1).map(textOf));
    default:
      throw new GoblinError('INTERNAL', { message: `the function ${name} has a signature and no code` });
  }
}

function now({ steps }: Evaluation): Float64Array {
  return Float64Array.from({ length: steps.count }, (_, step) => timeOf(steps, step) / 1_000);
}

function constant(values: Float64Array): Vector {
  return [{ labels: {}, values, present: new Uint8Array(values.length).fill(1) }];
}

/** The value of the one series that there is; NaN where there are none or several. */
function onlyValue(vector: Vector, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, step) => {
    const there = vector.filter(({ present }) => present[step]);
    return there.length === 1 ? there[0]!.values[step]! : Number.NaN;
  });
}

/** By the values at the last step: it is for instants. */
function sorted(vector: Vector, direction: 1 | -1): Vector {
  return vector.toSorted((a, b) => {
    const [x, y] = [a.values.at(-1)!, b.values.at(-1)!];
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
    return direction * (x - y);
  });
}

function bounded(name: string, vector: Vector, [one, two]: readonly Float64Array[]): Vector {
  return mapValues(vector, (value, step) => {
    const [a, b] = [one?.[step] ?? 1, two?.[step] ?? 0];
    switch (name) {
      case 'round':
        return roundTo(value, a);
      case 'clamp_min':
        return Math.max(value, a);
      case 'clamp_max':
        return Math.min(value, a);
      default:
        return Math.max(a, Math.min(b, value));
    }
  }).filter(
    (series) => name !== 'clamp' || series.present.some((is, step) => is && one![step]! <= two![step]!),
  );
}

function absent(vector: Vector, labels: VectorSeries['labels'], count: number): Vector {
  const present = new Uint8Array(count).map((_, step) =>
    vector.some((series) => series.present[step]) ? 0 : 1,
  );
  return [{ labels, values: new Float64Array(count).fill(1), present }];
}

/** What a selector asks for by `=`, and only once. */
function labelsOf(expression: Expression): VectorSeries['labels'] {
  if (expression.type !== 'selector') return {};
  const labels: Record<string, string> = {};
  for (const { label, op, value } of expression.matchers) {
    const isOnly = expression.matchers.filter((other) => other.label === label).length === 1;
    if (label !== '__name__' && op === '=' && isOnly) labels[label] = value;
  }
  return labels;
}
