/** What remains of a series per minute or hour: smallest, largest, sum, count, and the last sample with its own time. The last one
 * keeps rate() over counters and the buckets of histograms right. Steps begin at multiples of the step within the day.
 *
 * As in Prometheus' functions over time, NaN is passed over by min and max and spoils the sum; the mark of a series' end
 * (sample-rules.ts) is a last sample and otherwise none. */

import { isStale } from '../../sample-rules.ts';
import { ByteReader, ByteWriter, pack, unpack } from '../bytes.ts';
import { readInts, writeInts } from './int-column.ts';
import type { Points } from './points-block.ts';
import { readValues, writeValues } from './value-column.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
const LEVEL = 1;

/** What of a step a reader wants. `last` is the default; avg is the sum by the count. */
export type Aggregate = 'last' | 'min' | 'max' | 'sum' | 'count' | 'avg';

/** Columns of the same length, one row per step that has samples. */
export interface Rollup {
  /** Where the step begins, in milliseconds of the day. */
  readonly starts: Float64Array;
  readonly lastTimes: Float64Array;
  readonly count: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly sum: Float64Array;
  readonly last: Float64Array;
}

export interface SeriesRollup extends Rollup {
  readonly id: number;
}

/** One aggregate of each step. */
export interface Steps {
  readonly starts: Float64Array;
  readonly lastTimes: Float64Array;
  readonly values: Float64Array;
  /** For averages; empty where only the last sample was read. */
  readonly count: Float64Array;
}

export interface SeriesSteps extends Steps {
  readonly id: number;
}

const NO_COUNT = new Float64Array();

export function rollUp({ times, values }: Points, stepMs: number): Rollup {
  const starts = stepStarts(times, stepMs);
  const rollup = emptyRollup(starts.length);
  rollup.starts.set(starts);
  let row = -1;
  for (let i = 0; i < times.length; i++) {
    const value = values[i]!;
    if (row < 0 || times[i]! >= starts[row]! + stepMs) {
      row++;
      rollup.min[row] = rollup.max[row] = Number.NaN;
    }
    rollup.lastTimes[row] = times[i]!;
    rollup.last[row] = value;
    if (isStale(values, i)) continue;
    rollup.count[row]! += 1;
    rollup.sum[row]! += value;
    if (!(rollup.min[row]! <= value) && !Number.isNaN(value)) rollup.min[row] = value;
    if (!(rollup.max[row]! >= value) && !Number.isNaN(value)) rollup.max[row] = value;
  }
  return rollup;
}

/** What a reader wants of each step. */
export function stepsOf(rollup: Rollup, aggregate: Aggregate): Steps {
  const values = rollup[aggregate === 'avg' ? 'sum' : aggregate];
  return { starts: rollup.starts, lastTimes: rollup.lastTimes, values, count: rollup.count };
}

/** Of one series; several parts may have a part of the same step, but no sample is in two of them. A step that has nothing but the mark of
 * the series' end has a last sample, and nothing else. */
export function joinSteps(
  parts: readonly Steps[],
  aggregate: Aggregate,
): { times: Float64Array; values: Float64Array } {
  const ordered = parts.toSorted((one, other) => one.starts[0]! - other.starts[0]!);
  const length = ordered.reduce((rows, { starts }) => rows + starts.length, 0);
  const [times, values, count] = [
    new Float64Array(length),
    new Float64Array(length),
    new Float64Array(length),
  ];
  let rows = 0;
  let start = Number.NEGATIVE_INFINITY;
  for (const part of ordered) {
    for (let i = 0; i < part.starts.length; i++) {
      if (part.starts[i]! < start) return joinSteps(singleSteps(ordered), aggregate);
      const isSame = part.starts[i] === start;
      const row = isSame ? rows - 1 : rows++;
      start = part.starts[i]!;
      const isLater = part.lastTimes[i]! >= times[row]!;
      values[row] = isSame ? merged(aggregate, values[row]!, part.values[i]!, isLater) : part.values[i]!;
      count[row]! += part.count[i] ?? 0;
      if (isLater) times[row] = part.lastTimes[i]!;
    }
  }
  if (aggregate === 'avg') for (let row = 0; row < rows; row++) values[row]! /= count[row]!;
  if (aggregate !== 'last' && count.subarray(0, rows).includes(0)) {
    const isCounted = (_: number, row: number): boolean => row < rows && count[row]! > 0;
    return { times: times.filter(isCounted), values: values.filter(isCounted) };
  }
  return { times: times.subarray(0, rows), values: values.subarray(0, rows) };
}

/** Late samples can make blocks whose times interlock: then step by step. */
function singleSteps(parts: readonly Steps[]): Steps[] {
  return parts.flatMap(({ starts, lastTimes, values, count }) =>
    Array.from(starts, (_, i) => ({
      starts: starts.subarray(i, i + 1),
      lastTimes: lastTimes.subarray(i, i + 1),
      values: values.subarray(i, i + 1),
      count: count.subarray(i, i + 1),
    })),
  );
}

function merged(aggregate: Aggregate, one: number, other: number, isLater: boolean): number {
  if (aggregate === 'last') return isLater ? other : one;
  if (aggregate === 'min') return smallest(one, other);
  if (aggregate === 'max') return -smallest(-one, -other);
  return one + other;
}

export function encodeRollups(series: readonly SeriesRollup[]): Uint8Array {
  const out = new ByteWriter();
  out.u32(series.length);
  for (const { id, starts, lastTimes, count, min, max, sum, last } of series) {
    out.u32(id);
    out.u32(starts.length);
    const lengthAt = out.length;
    out.u32(0);
    writeInts(out, starts);
    writeInts(
      out,
      lastTimes.map((time, row) => time - starts[row]!),
    );
    writeValues(out, last);
    writeInts(out, count);
    for (const column of [min, max, sum]) writeValues(out, column);
    out.patchU32(lengthAt, out.length - lengthAt - 4);
  }
  return pack(out.done(), LEVEL);
}

/** @param aggregate whose column is needed: of most reads that is the last, which comes first. @throws DATA_DAMAGED */
export function decodeSteps(
  packed: Uint8Array,
  aggregate: Aggregate,
  wants: (id: number) => boolean = () => true,
): SeriesSteps[] {
  const from = new ByteReader(unpack(packed));
  const found: SeriesSteps[] = [];
  for (let left = from.count(); left > 0; left--) {
    const id = from.u32();
    const rows = from.count();
    const columns = new ByteReader(from.take(from.u32()));
    if (!wants(id)) continue;
    const starts = readInts(columns, rows);
    const lastTimes = readInts(columns, rows);
    for (let row = 0; row < rows; row++) lastTimes[row]! += starts[row]!;
    const last = readValues(columns, rows);
    if (aggregate === 'last') {
      found.push({ id, starts, lastTimes, values: last, count: NO_COUNT });
      continue;
    }
    const count = readInts(columns, rows);
    const [min, max, sum] = [0, 1, 2].map(() => readValues(columns, rows));
    const rollup = { starts, lastTimes, last, count, min: min!, max: max!, sum: sum! };
    found.push({ id, ...stepsOf(rollup, aggregate) });
  }
  return found;
}

/** How many steps have samples. */
export function countSteps(times: Float64Array, stepMs: number): number {
  let count = 0;
  let end = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < times.length; i++) {
    if (times[i]! < end) continue;
    end = (Math.floor(times[i]! / stepMs) + 1) * stepMs;
    count++;
  }
  return count;
}

function stepStarts(times: Float64Array, stepMs: number): Float64Array {
  const starts = new Float64Array(countSteps(times, stepMs));
  let rows = 0;
  for (let i = 0; i < times.length; i++) {
    if (rows > 0 && times[i]! < starts[rows - 1]! + stepMs) continue;
    starts[rows++] = Math.floor(times[i]! / stepMs) * stepMs;
  }
  return starts;
}

function emptyRollup(rows: number): Rollup {
  const [starts, lastTimes, count, min, max, sum, last] = Array.from(
    { length: 7 },
    () => new Float64Array(rows),
  );
  return {
    starts: starts!,
    lastTimes: lastTimes!,
    count: count!,
    min: min!,
    max: max!,
    sum: sum!,
    last: last!,
  };
}

/** NaN only where both are. */
function smallest(one: number, other: number): number {
  if (Number.isNaN(one)) return other;
  return other < one ? other : one;
}
