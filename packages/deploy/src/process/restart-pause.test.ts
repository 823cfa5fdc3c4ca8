import assert from 'node:assert/strict';
import { test } from 'node:test';
import { restartPause } from './restart-pause.ts';

test('the first restart is at once, then the pauses double up to a limit', () => {
  const pause = restartPause(() => 1);
  const pauses = Array.from({ length: 9 }, () => pause.next(0));
  assert.deepEqual(pauses, [0, 250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
  assert.equal(pause.failures, 9);
});

test('the pauses have jitter, down to half of their length', () => {
  const pause = restartPause(() => 0);
  pause.next(0);
  assert.equal(pause.next(0), 125);
});

test('after it was ready for ten seconds the next failure is the first again', () => {
  const pause = restartPause(() => 1);
  pause.next(0);
  pause.next(9_999);
  assert.equal(pause.next(10_000), 0);
  assert.equal(pause.failures, 1);
});
