import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Flow } from '../../src/live/wall-state.ts';
import { edgesOf, isNear, pointAt } from './edges.ts';
import type { Chip } from './service-map.ts';

const flow = (from: string, to: string, requestsPerSecond: number, errorShare = 0): Flow => ({
  from,
  to,
  requestsPerSecond,
  errorShare,
  p95Ms: 10,
});

/** In one row, 200 apart. */
const row = (count: number): Chip[] =>
  Array.from({ length: count }, (_, index) => ({
    name: `s${index}`,
    box: { x: index * 200, y: 100, width: 100, height: 40 },
  }));

test('the busiest calls are shown, and those that fail even when they are rare', () => {
  const flows = Array.from({ length: 90 }, (_, index) => flow(`s${index}`, `s${index + 1}`, 1_000 - index));
  flows[89] = flow('s89', 's90', 0.1, 0.5);
  const edges = edgesOf(flows, row(91));
  assert.equal(edges.length, 41);
  assert.deepEqual(
    edges.filter(({ isUnhealthy }) => isUnhealthy).map(({ from }) => from),
    ['s89'],
  );
});

test('a thousand failing calls do not fill the picture', () => {
  const flows = Array.from({ length: 1_000 }, (_, index) =>
    flow(`s${index % 40}`, `s${(index * 7) % 41}`, index, 1),
  );
  assert.ok(edgesOf(flows, row(41)).length <= 80);
});

test('calls without requests, and of services that are not there, are left away', () => {
  assert.deepEqual(edgesOf([flow('s0', 's1', 0), flow('s0', 'nobody', 5), flow('', 's1', 5)], row(2)), []);
});

test('a line goes from border to border, and around who stands between', () => {
  const [edge] = edgesOf([flow('s0', 's2', 5)], row(3)) as [ReturnType<typeof edgesOf>[number]];
  for (let step = 1; step < 20; step++) {
    const [x, y] = pointAt(edge.curve, step / 20);
    assert.ok(!(x > 200 && x < 300 && y > 100 && y < 140), `${x}, ${y} is behind s1`);
  }
  assert.ok(edge.curve.y0 === 100 || edge.curve.y0 === 140 || edge.curve.x0 === 100);
});

test('calls and calls back are apart', () => {
  const [there, back] = edgesOf([flow('s0', 's1', 5), flow('s1', 's0', 4)], row(2));
  const [a, b] = [pointAt(there!.curve, 0.5), pointAt(back!.curve, 0.5)];
  assert.ok(Math.hypot(a[0] - b[0], a[1] - b[1]) > 4);
});

test('a pointer on a line means it, one beside it does not', () => {
  const [edge] = edgesOf([flow('s0', 's1', 5)], row(2));
  const [x, y] = pointAt(edge!.curve, 0.37);
  assert.ok(isNear(edge!.curve, x, y + 3));
  assert.ok(!isNear(edge!.curve, x, y + 60));
});

test('calls to itself are a loop above', () => {
  const [edge] = edgesOf([flow('s0', 's0', 5)], row(1));
  assert.ok(pointAt(edge!.curve, 0.5)[1] < 100);
});
