import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare } from './comparison.ts';
import { type Sketch, sentTrace } from './fixture.ts';
import { type Frame, flameOf } from './flame.ts';
import { traceOf } from './trace.ts';

const flame = (...sketches: Sketch[]): Frame => flameOf(traceOf(sentTrace(...sketches)).roots);

test('time is put where nothing below ran, and like spans are one frame', () => {
  const sent = sentTrace(['edge:GET', 0, 100, ['tax:a', 10, 40], ['tax:b', 30, 60], ['db:x', 70, 80]]);
  const spans = sent.spans.map((span) => (span.service === 'tax' ? { ...span, name: 'rate' } : span));
  const top = flameOf(traceOf({ ...sent, spans }).roots);
  const get = top.children.get('edge GET')!;
  assert.equal(get.selfMs, 40);
  const tax = get.children.get('tax rate')!;
  assert.deepEqual([tax.count, tax.selfMs, tax.totalMs], [2, 60, 60]);
  assert.equal(get.totalMs, 110);
  assert.equal(top.totalMs, 110);
});

test('two traces are compared frame by frame, what differs most first', () => {
  const one = flame(['edge:GET', 0, 50, ['db:x', 0, 10], ['tax:old', 10, 20]]);
  const other = flame(['edge:GET', 0, 90, ['db:x', 0, 50], ['tax:new', 50, 52]]);
  const rows = compare(one, other);
  assert.deepEqual(
    rows.map(({ name, depth, differenceMs }) => [name, depth, Math.round(differenceMs)]),
    [
      ['GET', 0, 40],
      ['x', 1, 40],
      ['old', 1, -10],
      ['new', 1, 2],
    ],
  );
  assert.equal(rows[2]!.other, undefined);
  assert.equal(rows[3]!.one, undefined);
});
