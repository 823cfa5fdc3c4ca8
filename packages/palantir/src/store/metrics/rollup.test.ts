import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STALE_NAN_BYTES } from '../../sample-rules.ts';
import {
  type Aggregate,
  decodeSteps,
  encodeRollups,
  joinSteps,
  MINUTE_MS,
  rollUp,
  stepsOf,
} from './rollup.ts';

const { NaN: nan } = Number;

test('a step keeps the smallest, largest, sum, count and last of its samples, with the time of the last', () => {
  const points = {
    times: new Float64Array([0, 59_999, 60_000, 200_000]),
    values: new Float64Array([3, 1, 7, -2]),
  };
  assert.deepEqual(rollUp(points, MINUTE_MS), {
    starts: new Float64Array([0, 60_000, 180_000]),
    lastTimes: new Float64Array([59_999, 60_000, 200_000]),
    count: new Float64Array([2, 1, 1]),
    min: new Float64Array([1, 7, -2]),
    max: new Float64Array([3, 7, -2]),
    sum: new Float64Array([4, 7, -2]),
    last: new Float64Array([1, 7, -2]),
  });
});

test('NaN is passed over by min and max and spoils the sum; the mark of the end counts as nothing but the last', () => {
  const values = new Float64Array([nan, 5, 0]);
  new Uint8Array(values.buffer).set(STALE_NAN_BYTES, 16);
  const { min, max, sum, count, last } = rollUp({ times: new Float64Array([1, 2, 3]), values }, MINUTE_MS);
  assert.deepEqual([min[0], max[0], sum[0], count[0], last[0]], [5, 5, nan, 2, nan]);
});

test('parts of a step add up, in whatever order they come', () => {
  const times = Float64Array.from({ length: 100 }, (_, i) => i * 7_000);
  const values = Float64Array.from({ length: 100 }, (_, i) => (i * 37) % 11);
  const whole = rollUp({ times, values }, MINUTE_MS);
  const ranges = [
    [50, 60],
    [0, 20],
    [77, 100],
    [20, 50],
    [60, 77],
  ] as const;
  const even = Array.from({ length: 100 }, (_, i) => i).filter((i) => i % 2 === 0);
  const odd = even.map((i) => i + 1);
  const ofIndexes = (indexes: readonly number[]) =>
    rollUp(
      {
        times: Float64Array.from(indexes, (i) => times[i]!),
        values: Float64Array.from(indexes, (i) => values[i]!),
      },
      MINUTE_MS,
    );
  const splits = [
    ranges.map(([from, to]) =>
      rollUp({ times: times.subarray(from, to), values: values.subarray(from, to) }, MINUTE_MS),
    ),
    [ofIndexes(even), ofIndexes(odd)],
  ];
  for (const parts of splits) {
    for (const aggregate of ['last', 'min', 'max', 'sum', 'count', 'avg'] as Aggregate[]) {
      const joined = joinSteps(
        parts.map((part) => stepsOf(part, aggregate)),
        aggregate,
      );
      const wanted =
        aggregate === 'avg' ? whole.sum.map((sum, row) => sum / whole.count[row]!) : whole[aggregate];
      assert.deepEqual([joined.times, joined.values], [whole.lastTimes, wanted]);
    }
  }
});

test('rollups come back from their bytes, each series without the others', () => {
  const rollups = [4, 9].map((id) => ({
    id,
    ...rollUp({ times: new Float64Array([id, 70_000]), values: new Float64Array([id, 0.5]) }, MINUTE_MS),
  }));
  const packed = encodeRollups(rollups);
  for (const aggregate of ['min', 'avg'] as const)
    assert.deepEqual(
      decodeSteps(packed, aggregate),
      rollups.map((rollup) => ({ id: rollup.id, ...stepsOf(rollup, aggregate) })),
    );
  const [only, ...others] = decodeSteps(packed, 'last', (id) => id === 9);
  assert.deepEqual([only!.values, others], [rollups[1]!.last, []]);
});
