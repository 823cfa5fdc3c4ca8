/** Functions over the samples of a range, as Prometheus 2 computes them: a range holds both of its ends.
 * Source of the extrapolation: `extrapolatedRate` in prometheus/promql/functions.go. */

import type { Aggregate } from '../../store/metrics/rollup.ts';

/** Samples `from` to, not including, `to` of a series lie in the range. */
export interface Window {
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly from: number;
  readonly to: number;
  readonly startMs: number;
  readonly endMs: number;
  /** When the function is evaluated, which with an offset is not the end of the range. */
  readonly atMs: number;
}

/** What stands for the samples of a minute or an hour where ranges are long; the other functions need all samples. The mean of means is the
 * mean where samples come evenly. */
export const ROLLED_UP: Readonly<Record<string, Aggregate>> = {
  rate: 'last',
  increase: 'last',
  delta: 'last',
  deriv: 'last',
  predict_linear: 'last',
  last_over_time: 'last',
  present_over_time: 'last',
  min_over_time: 'min',
  max_over_time: 'max',
  avg_over_time: 'avg',
};

/** Undefined: no value. */
export type RangeFunction = (window: Window, parameter: number) => number | undefined;

function extrapolated(
  { times, values, from, to, startMs, endMs }: Window,
  isCounter: boolean,
): number | undefined {
  if (to - from < 2) return undefined;
  let result = values[to - 1]! - values[from]!;
  if (isCounter)
    for (let i = from + 1; i < to; i++) if (values[i]! < values[i - 1]!) result += values[i - 1]!;
  const sampledMs = times[to - 1]! - times[from]!;
  const averageMs = sampledMs / (to - from - 1);
  let toStartMs = times[from]! - startMs;
  const toEndMs = endMs - times[to - 1]!;
  if (isCounter && result > 0 && values[from]! >= 0)
    toStartMs = Math.min(toStartMs, sampledMs * (values[from]! / result));
  const thresholdMs = averageMs * 1.1;
  const before = toStartMs < thresholdMs ? toStartMs : averageMs / 2;
  const after = toEndMs < thresholdMs ? toEndMs : averageMs / 2;
  return result * ((sampledMs + before + after) / sampledMs);
}

function rate(window: Window): number | undefined {
  const increase = extrapolated(window, true);
  return increase === undefined ? undefined : increase / ((window.endMs - window.startMs) / 1_000);
}

function instant({ times, values, from, to }: Window, isRate: boolean): number | undefined {
  if (to - from < 2) return undefined;
  const [last, before] = [values[to - 1]!, values[to - 2]!];
  if (!isRate) return last - before;
  const seconds = (times[to - 1]! - times[to - 2]!) / 1_000;
  return seconds === 0 ? undefined : (last < before ? last : last - before) / seconds;
}

function fold(change: (sum: number, value: number) => number, start: number): RangeFunction {
  return ({ values, from, to }) => {
    if (to === from) return undefined;
    let sum = start;
    for (let i = from; i < to; i++) sum = change(sum, values[i]!);
    return sum;
  };
}

const sum = fold((total, value) => total + value, 0);
const average: RangeFunction = (window) => {
  const total = sum(window, 0);
  return total === undefined ? undefined : total / (window.to - window.from);
};

const variance: RangeFunction = (window) => {
  const mean = average(window, 0);
  if (mean === undefined) return undefined;
  let squares = 0;
  for (let i = window.from; i < window.to; i++) squares += (window.values[i]! - mean) ** 2;
  return squares / (window.to - window.from);
};

function countOf(isCounted: (value: number, before: number) => boolean): RangeFunction {
  return ({ values, from, to }) => {
    if (to === from) return undefined;
    let count = 0;
    for (let i = from + 1; i < to; i++) if (isCounted(values[i]!, values[i - 1]!)) count++;
    return count;
  };
}

/** Least squares; the intercept is where the line is at `interceptMs`. */
function regression(
  { times, values, from, to }: Window,
  interceptMs: number,
): { slope: number; intercept: number } {
  const count = to - from;
  let [sumX, sumY, sumXY, sumXX] = [0, 0, 0, 0];
  for (let i = from; i < to; i++) {
    const x = (times[i]! - interceptMs) / 1_000;
    sumX += x;
    sumY += values[i]!;
    sumXY += x * values[i]!;
    sumXX += x * x;
  }
  const slope = (sumXY - (sumX * sumY) / count) / (sumXX - (sumX * sumX) / count);
  return { slope, intercept: sumY / count - (slope * sumX) / count };
}

/** With interpolation between the two nearest; a quantile below 0 is -Inf, above 1 +Inf. Sorts what it is given. */
export function quantileOf(q: number, values: Float64Array): number {
  if (values.length === 0 || Number.isNaN(q)) return Number.NaN;
  if (q < 0) return Number.NEGATIVE_INFINITY;
  if (q > 1) return Number.POSITIVE_INFINITY;
  values.sort();
  const rank = q * (values.length - 1);
  const low = Math.floor(rank);
  const high = Math.min(values.length - 1, low + 1);
  return values[low]! * (1 - (rank - low)) + values[high]! * (rank - low);
}

/** NaN stands aside while there is any number. */
const least = (a: number, b: number): number => (Number.isNaN(a) || b < a ? b : a);
const greatest = (a: number, b: number): number => (Number.isNaN(a) || b > a ? b : a);

export const RANGE_FUNCTIONS: Readonly<Record<string, RangeFunction>> = {
  rate,
  increase: (window) => extrapolated(window, true),
  delta: (window) => extrapolated(window, false),
  irate: (window) => instant(window, true),
  idelta: (window) => instant(window, false),
  deriv: (window) =>
    window.to - window.from < 2 ? undefined : regression(window, window.times[window.from]!).slope,
  predict_linear: (window, seconds) => {
    if (window.to - window.from < 2) return undefined;
    const { slope, intercept } = regression(window, window.atMs);
    return slope * seconds + intercept;
  },
  changes: countOf((value, before) => value !== before && !(Number.isNaN(value) && Number.isNaN(before))),
  resets: countOf((value, before) => value < before),
  sum_over_time: sum,
  avg_over_time: average,
  min_over_time: fold(least, Number.NaN),
  max_over_time: fold(greatest, Number.NaN),
  count_over_time: fold((count) => count + 1, 0),
  last_over_time: ({ values, from, to }) => (to === from ? undefined : values[to - 1]),
  present_over_time: ({ from, to }) => (to === from ? undefined : 1),
  stdvar_over_time: variance,
  stddev_over_time: (window) => {
    const squares = variance(window, 0);
    return squares === undefined ? undefined : Math.sqrt(squares);
  },
  quantile_over_time: ({ values, from, to }, q) =>
    to === from ? undefined : quantileOf(q, values.slice(from, to)),
};
