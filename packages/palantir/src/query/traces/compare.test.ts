import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SpanRecord } from '../../model.ts';
import { hex, NOON_MS, spanRecord } from '../../store/fixtures/telemetry.ts';
import { compareTraces } from './compare.ts';

function span(
  trace: number,
  id: number,
  parent: number | undefined,
  name: string,
  atMs: number,
  ms: number,
): SpanRecord {
  return spanRecord(trace, trace * 1_000 + id, NOON_MS + trace * 60_000 + atMs, {
    name,
    durationNs: ms * 1e6,
    ...(parent !== undefined && { parentId: hex(trace * 1_000 + parent, 16) }),
  });
}

test('spans are one where service, name and the way from the root are the same, in the order in which they began', () => {
  const a = [
    span(1, 1, undefined, 'GET /', 0, 100),
    span(1, 2, 1, 'query', 10, 20),
    span(1, 3, 1, 'query', 40, 30),
    span(1, 4, 1, 'send', 80, 10),
    span(1, 5, 4, 'query', 82, 5),
  ];
  const b = [
    span(2, 4, 1, 'render', 90, 1),
    span(2, 3, 1, 'query', 30, 50),
    span(2, 2, 1, 'query', 5, 20),
    span(2, 6, 1, 'query', 60, 2),
    span(2, 1, undefined, 'GET /', 0, 150),
  ];
  const pairs = compareTraces(a, b).map(({ name, depth, a: one, b: other, differenceMs }) => [
    '  '.repeat(depth) + name,
    one && [one.startMs, one.durationMs],
    other && [other.startMs, other.durationMs],
    differenceMs,
  ]);
  assert.deepEqual(pairs, [
    ['GET /', [0, 100], [0, 150], 50],
    ['  query', [10, 20], [5, 20], 0],
    ['  query', [40, 30], [30, 50], 20],
    ['  send', [80, 10], undefined, undefined],
    ['    query', [82, 5], undefined, undefined],
    ['  query', undefined, [60, 2], undefined],
    ['  render', undefined, [90, 1], undefined],
  ]);
});

test('a damaged trace shows what hangs together: orphans are roots, and circles are left out', () => {
  const circle = [span(1, 1, 2, 'one', 0, 1), span(1, 2, 1, 'two', 0, 1)];
  const own = span(1, 3, 3, 'its own parent', 0, 1);
  const orphan = span(1, 4, 99, 'orphan', 0, 1);
  const names = compareTraces([...circle, own, orphan], []).map(({ name }) => name);
  assert.deepEqual(names, ['its own parent', 'orphan']);
  assert.deepEqual(compareTraces([], []), []);
});

test('a chain of 20,000 spans is compared as well', () => {
  const chain = (trace: number): SpanRecord[] =>
    Array.from({ length: 20_000 }, (_, i) => span(trace, i, i === 0 ? undefined : i - 1, 'step', i, 1));
  const pairs = compareTraces(chain(1), chain(2));
  assert.equal(pairs.length, 20_000);
  assert.ok(pairs.every(({ a, b }) => a && b));
});
