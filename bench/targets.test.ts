import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Row } from './results.ts';
import { judge, type Target, targetTable } from './targets.ts';

const row = (name: string, concurrency: number, cpuMicros: number): Row => ({
  name,
  concurrency,
  cpuMicros,
  perSecond: 0,
  p50Micros: 0,
  p99Micros: 0,
});
const rows = [row('own', 64, 4), row('raw', 64, 3), row('slow', 64, 14), row('raw', 1, 1)];
const atMost: Target = {
  row: 'own',
  beside: 'raw',
  figure: 'cpuMicros',
  concurrency: 64,
  is: 'at most',
  target: 1.33,
};
const lessBy: Target = { ...atMost, beside: 'slow', is: 'less by', target: 3.5 };

test('a target is judged by the ratio of two rows at its own concurrency', () => {
  const judged = judge([atMost, { ...atMost, target: 1.32 }, lessBy, { ...lessBy, target: 3.6 }], rows);
  assert.deepEqual(
    judged.map(({ ratio, met }) => [ratio, met]),
    [
      [1.33, true],
      [1.33, false],
      [3.5, true],
      [3.5, false],
    ],
  );
});

test('a target can be a least ratio of rates, or a figure beside nothing', () => {
  const rates = [
    { ...row('own', 32, 0), perSecond: 400, p50Micros: 4_999 },
    { ...row('other', 32, 0), perSecond: 100 },
  ];
  const atLeast: Target = {
    row: 'own',
    beside: 'other',
    figure: 'perSecond',
    concurrency: 32,
    is: 'at least',
    target: 4,
  };
  const below: Target = { row: 'own', figure: 'p50Micros', concurrency: 32, is: 'below', target: 5_000 };
  const judged = judge([atLeast, { ...atLeast, target: 4.1 }, below, { ...below, target: 4_999 }], rates);
  assert.deepEqual(
    judged.map(({ met }) => met),
    [true, false, true, false],
  );
  assert.equal(
    targetTable(judged).split('\n')[4],
    '| p50 of own at 32 in flight: below 5000 µs | 4999 µs | met |',
  );
});

test('a rate can be a target by itself, and so can bytes', () => {
  const kept = { ...row('own', 4, 0), perSecond: 200_000, bytesPerItem: 3.5 };
  const rate: Target = { row: 'own', figure: 'perSecond', concurrency: 4, is: 'reaches', target: 200_000 };
  const bytes: Target = { row: 'own', figure: 'bytesPerItem', concurrency: 4, is: 'below', target: 4 };
  const judged = judge([rate, { ...rate, target: 200_001 }, bytes], [kept]);
  assert.deepEqual(
    judged.map(({ met }) => met),
    [true, false, true],
  );
  assert.deepEqual(targetTable(judged).split('\n').slice(2), [
    '| rate of own at 4 in flight: at least 200000/s | 200000/s | met |',
    '| rate of own at 4 in flight: at least 200001/s | 200000/s | **missed** |',
    '| bytes on disk per item of own at 4 in flight: below 4 | 3.5 | met |',
  ]);
});

test('a target whose rows were not both measured is not judged', () => {
  assert.deepEqual(
    judge(
      [
        { ...lessBy, beside: 'absent' },
        { ...lessBy, concurrency: 512 },
      ],
      rows,
    ),
    [],
  );
});

test('the table says of each target what was measured and whether it is met', () => {
  const [, , first, second] = targetTable(judge([atMost, { ...lessBy, target: 3.6 }], rows)).split('\n');
  assert.equal(first, '| CPU per call of own at 64 in flight: at most 1.33x that of raw | 1.33x | met |');
  assert.equal(
    second,
    '| CPU per call of own at 64 in flight: 3.6x less than that of slow | 3.50x | **missed** |',
  );
});
