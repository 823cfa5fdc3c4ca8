/** Samples as they came, put in order by series and time. Of samples of one series at one time the one that came last counts. */
import type { Points } from './points-block.ts';

/** Columns in which the samples of a series lie together. */
export interface BySeries {
  /** In the order of the columns. */
  readonly ids: readonly number[];
  /** In the order in which they came; undefined where the series has none. */
  of(id: number): Points | undefined;
}

interface Columns {
  readonly ids: Uint32Array;
  readonly times: Uint32Array;
  readonly values: Float64Array;
}

/** @param wants which samples of a row count; all by default */
export function bySeries(
  rows: readonly Columns[],
  maxId: number,
  wants?: (row: number, id: number) => boolean,
): BySeries {
  const starts = new Uint32Array(maxId + 2);
  rows.forEach(({ ids }, row) => {
    for (let i = 0; i < ids.length; i++) if (!wants || wants(row, ids[i]!)) starts[ids[i]! + 1]!++;
  });
  for (let id = 0; id <= maxId; id++) starts[id + 1]! += starts[id]!;
  const total = starts[maxId + 1]!;
  const times = new Float64Array(total);
  const values = new Float64Array(total);
  const next = starts.slice();
  rows.forEach((columns, row) => {
    for (let i = 0; i < columns.ids.length; i++) {
      const id = columns.ids[i]!;
      if (wants && !wants(row, id)) continue;
      const at = next[id]!++;
      times[at] = columns.times[i]!;
      values[at] = columns.values[i]!;
    }
  });
  const present: number[] = [];
  for (let id = 0; id <= maxId; id++) if (starts[id + 1]! > starts[id]!) present.push(id);
  return {
    ids: present,
    of(id) {
      const from = starts[id]!;
      const to = starts[id + 1]!;
      return to > from ? { times: times.subarray(from, to), values: values.subarray(from, to) } : undefined;
    },
  };
}

/** Rising in time, the last of equal times only. What is in order already is answered as it is. */
export function inOrder(points: Points): Points {
  const { times, values } = points;
  if (isRising(times)) return points;
  const order = Uint32Array.from(times, (_, index) => index).sort(
    (one, other) => times[one]! - times[other]! || one - other,
  );
  let count = 0;
  const sortedTimes = new Float64Array(times.length);
  const sortedValues = new Float64Array(times.length);
  for (const index of order) {
    if (count > 0 && sortedTimes[count - 1] === times[index]) count--;
    sortedTimes[count] = times[index]!;
    sortedValues[count++] = values[index]!;
  }
  return { times: sortedTimes.subarray(0, count), values: sortedValues.subarray(0, count) };
}

/** One after the other; later parts win over earlier ones at equal times. */
export function joinPoints(parts: readonly Points[]): Points {
  if (parts.length === 1) return inOrder(parts[0]!);
  const length = parts.reduce((sum, { times }) => sum + times.length, 0);
  const times = new Float64Array(length);
  const values = new Float64Array(length);
  let at = 0;
  for (const part of parts) {
    times.set(part.times, at);
    values.set(part.values, at);
    at += part.times.length;
  }
  return inOrder({ times, values });
}

/** Those between, both ends included. */
export function slicePoints({ times, values }: Points, from: number, to: number): Points {
  const start = firstAtLeast(times, from);
  const end = firstAtLeast(times, to + 1);
  return { times: times.subarray(start, end), values: values.subarray(start, end) };
}

/** The index of the first of rising whole numbers that is at least `bound`. */
export function firstAtLeast(times: Float64Array, bound: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isRising(times: Float64Array): boolean {
  for (let i = 1; i < times.length; i++) if (times[i]! <= times[i - 1]!) return false;
  return true;
}
