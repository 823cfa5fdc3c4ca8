import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Edge } from './edges.ts';
import { isFailure, PARTICLE_BUDGET, particleCounts, particles, travelMs } from './particles.ts';

const edge = (key: string, over: Partial<Edge> = {}): Edge => ({
  key,
  from: key,
  to: 'b',
  requestsPerSecond: 99,
  errorShare: 0,
  p95Ms: 40,
  isUnhealthy: false,
  curve: { x0: 0, y0: 0, cx: 500, cy: 0, x1: 1_000, y1: 0 },
  ...over,
});

const positions = (field: ReturnType<typeof particles>): number[] => {
  const all: number[] = [];
  field.each((x) => all.push(x));
  return all;
};

test('ten times the requests are so many particles more, and never none', () => {
  const [ten, hundred, thousand, rare] = particleCounts([9, 99, 999, 0.01]);
  assert.equal(hundred! - ten!, thousand! - hundred!);
  assert.equal(rare, 1);
});

test('all lines together keep to the budget, and each has at least one while there are enough', () => {
  const many = particleCounts(Array.from({ length: 500 }, (_, index) => 10 ** (index % 7)));
  assert.ok(sum(many) <= PARTICLE_BUDGET);
  assert.ok(many.every((count) => count >= 1));
  assert.ok(many[6]! > many[0]!);
  assert.equal(sum(particleCounts(new Array(2_000).fill(5))), PARTICLE_BUDGET);
});

test('what answers in half the time moves twice as fast, within what eyes can follow', () => {
  assert.equal(travelMs(200), 2 * travelMs(100));
  assert.ok(travelMs(0) >= 600);
  assert.ok(travelMs(60_000) <= 12_000);
});

test('as many particles are failures as requests fail, spread evenly', () => {
  const share = (errorShare: number): number =>
    Array.from({ length: 1_000 }, (_, index) => isFailure(index, errorShare)).filter(Boolean).length / 1_000;
  for (const errorShare of [0, 0.1, 0.25, 0.42, 0.9, 1])
    assert.ok(Math.abs(share(errorShare) - errorShare) <= 0.001);
  assert.ok(isFailure(0, 0.001), 'rare failures are seen');
});

test('particles move on by time over travel, and stay on their line', () => {
  const field = particles();
  field.follow([edge('a', { requestsPerSecond: 0.1, p95Ms: 40 })]);
  const [before] = positions(field);
  field.advance(100);
  assert.ok(
    Math.abs(positions(field)[0]! - before! - 100) < 1e-6,
    'a tenth of a second of a second on 1,000 pixels',
  );
  for (let step = 0; step < 200; step++) {
    field.advance(37);
    for (const x of positions(field)) assert.ok(x >= 0 && x <= 1_000);
  }
});

test('a new state makes no jump: who was on the way goes on from there', () => {
  const field = particles();
  field.follow([edge('a'), edge('b')]);
  field.advance(90);
  const before = positions(field);
  field.follow([edge('new'), edge('a', { p95Ms: 400, requestsPerSecond: 999 }), edge('b')]);
  const after = new Set(positions(field).map((x) => x.toFixed(6)));
  for (const x of before) assert.ok(after.has(x.toFixed(6)));
});

test('after a long pause particles go on from where they were', () => {
  const field = particles();
  field.follow([edge('a', { requestsPerSecond: 0.1 })]);
  const [before] = positions(field);
  field.advance(3_600_000);
  assert.ok(positions(field)[0]! - before! <= 100 + 1e-6);
});

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
