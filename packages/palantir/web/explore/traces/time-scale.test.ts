import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Sketch, sentTrace } from './fixture.ts';
import { type TimeScale, timeScale } from './time-scale.ts';
import { traceOf } from './trace.ts';

function scaleOf(...sketches: readonly Sketch[]): TimeScale {
  const trace = traceOf(sentTrace(...sketches));
  return timeScale(trace.byId.values(), trace.durationMs, 5);
}

test('without long pauses the axis is even', () => {
  const { share, marks } = scaleOf(['a', 0, 100, ['b', 20, 40]]);
  assert.equal(share(25), 25);
  assert.deepEqual(
    marks.map(({ text }) => text),
    ['0', '20 ms', '40 ms', '60 ms', '80 ms', '100 ms'],
  );
});

test('a task that was put off leaves the room to what ran, and the pause is named', () => {
  const { share, marks } = scaleOf(['a', 0, 90, ['task', 15_000, 15_005]]);
  assert.ok(share(90) > 85, `the request has ${share(90)} % of the width`);
  assert.ok(Math.abs(share(15_000) - share(90) - 5) < 0.01);
  assert.equal(Math.round(share(15_005)), 100);
  assert.deepEqual(
    marks.filter(({ isPause }) => isPause).map(({ text }) => text),
    ['… 14.9 s'],
  );
});

test('times stay in order, and labels do not overlap', () => {
  const { share, marks } = scaleOf(['a', 0, 10], ['b', 400, 420], ['c', 900, 1_000]);
  const shares = Array.from({ length: 1_001 }, (_, ms) => share(ms));
  assert.ok(shares.every((one, index) => index === 0 || one > shares[index - 1]!));
  const tooNear = marks.filter(({ isPause, atMs }) =>
    marks.some((other) => !isPause && other.atMs !== atMs && Math.abs(share(other.atMs) - share(atMs)) < 20),
  );
  assert.deepEqual(tooNear, []);
});

test('a trace in which only moments are known is drawn by its pauses', () => {
  const { share } = scaleOf(['a', 0, 0], ['b', 50, 50], ['c', 100, 100]);
  assert.equal(share(50), 50);
  assert.equal(scaleOf(['a', 0, 0]).share(0), 0);
});
