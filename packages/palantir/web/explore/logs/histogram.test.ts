import assert from 'node:assert/strict';
import { test } from 'node:test';
import { histogramOf } from './histogram.ts';

const MINUTE = 60_000;

test('counts are put into bars by level, the worst first', () => {
  const range = { fromMs: 0, toMs: 30 * MINUTE };
  const { stepMs, times, levels, total } = histogramOf(
    [
      { atMs: 0, severity: 9, count: 3 },
      { atMs: 0, severity: 10, count: 1 },
      { atMs: 29 * MINUTE, severity: 17, count: 2 },
      { atMs: 31 * MINUTE, severity: 17, count: 100 },
    ],
    range,
  );
  assert.equal(stepMs, MINUTE / 2);
  assert.equal(times.length, 61);
  assert.deepEqual(
    levels.map(({ level }) => level),
    ['error', 'info'],
  );
  assert.equal(levels[1]!.counts[0], 4);
  assert.equal(levels[0]!.counts[58], 2);
  assert.equal(total, 6);
});

test('bars are round, and not too many', () => {
  assert.equal(histogramOf([], { fromMs: 0, toMs: MINUTE }).stepMs, 1_000);
  assert.equal(histogramOf([], { fromMs: 0, toMs: 7 * 86_400_000 }).stepMs, 7_200_000);
});
