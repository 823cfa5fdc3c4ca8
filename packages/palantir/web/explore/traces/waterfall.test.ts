import assert from 'node:assert/strict';
import { test } from 'node:test';
import { criticalPath } from './critical-path.ts';
import { sentTrace } from './fixture.ts';
import { traceOf } from './trace.ts';
import { foldedAbove, rowsOf, ticksOf } from './waterfall.ts';

const ids = (rows: readonly { id: string }[]): string[] => rows.map(({ id }) => id);

test('rows follow the tree by start, and what is folded hides what is below it', () => {
  const trace = traceOf(sentTrace(['a', 0, 100, ['c', 50, 90, ['d', 60, 70]], ['b', 10, 40]]));
  assert.deepEqual(ids(rowsOf(trace.roots, new Set())), ['a', 'b', 'c', 'd']);
  assert.deepEqual(ids(rowsOf(trace.roots, new Set(['c']))), ['a', 'b', 'c']);
  assert.deepEqual(foldedAbove(trace.byId.get('d')!, trace.byId, new Set(['a', 'c', 'b'])), ['c', 'a']);
  assert.deepEqual([trace.durationMs, trace.roots[0]!.descendants, trace.byId.get('d')!.depth], [100, 3, 2]);
});

test('spans without their parent, and rings of spans, are shown', () => {
  const sent = sentTrace(['a', 0, 10], ['b', 5, 8], ['c', 6, 7], ['d', 6.5, 7]);
  const parents: Record<string, string> = { b: 'gone', c: 'd', d: 'c' };
  const spans = sent.spans.map((span) => ({ ...span, parentId: parents[span.spanId] ?? '' }));
  const trace = traceOf({ ...sent, spans });
  assert.deepEqual(ids(rowsOf(trace.roots, new Set())), ['a', 'b', 'c', 'd']);
  assert.deepEqual(traceOf({ ...sent, spans: [] }).roots, []);
});

test('a chain of 10,000 spans is laid out, and its critical path is found', () => {
  const spans = [];
  for (let index = 0; index < 10_000; index++)
    spans.push({ ...sentTrace([`s${index}`, index, 20_000 - index]).spans[0]!, parentId: `s${index - 1}` });
  const trace = traceOf({ ...sentTrace(), spans });
  assert.equal(rowsOf(trace.roots, new Set()).length, 10_000);
  assert.equal(criticalPath(trace.roots[0]!).size, 10_000);
});

test('the critical path is what the end waited for, and covers each moment once', () => {
  const trace = traceOf(
    sentTrace(['a', 0, 100, ['b', 10, 40], ['c', 20, 60, ['d', 25, 55]], ['e', 70, 90], ['late', 80, 140]]),
  );
  const path = criticalPath(trace.roots[0]!);
  assert.deepEqual([...path.keys()].sort(), ['a', 'c', 'd', 'e']);
  assert.deepEqual(path.get('a'), [
    { fromMs: 90, toMs: 100 },
    { fromMs: 60, toMs: 70 },
    { fromMs: 0, toMs: 20 },
  ]);
  assert.deepEqual(path.get('d'), [{ fromMs: 25, toMs: 55 }]);
  const covered = [...path.values()].flat().reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  assert.equal(covered, 100);
});

test('an axis has round times', () => {
  assert.deepEqual(ticksOf(100, 5), [0, 20, 40, 60, 80, 100]);
  assert.deepEqual(ticksOf(0.35, 4), [0, 0.1, 0.2, 0.30000000000000004]);
  assert.deepEqual(ticksOf(0, 5), [0]);
});
