import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileSelection } from './compile.ts';
import { parseCounting, parseSelection } from './parser.ts';
import { GOOD_SELECTIONS, WRONG_SELECTIONS } from './testing/queries.ts';

test('every query of the subset is read', () => {
  for (const query of GOOD_SELECTIONS) assert.doesNotThrow(() => parseSelection(query), query);
});

test('what is wrong is told with line and column, and with what would be right', () => {
  for (const [query, message] of WRONG_SELECTIONS)
    assert.throws(
      () => parseSelection(query),
      (error: Error & { code: string }) => {
        assert.equal(error.code, 'INVALID_INPUT', query);
        assert.ok(error.message.includes(message), `${query}: ${error.message}`);
        return true;
      },
    );
});

test('texts and words that a line must have go to the store, where blocks can be skipped by them', () => {
  const query =
    '{service="tax"} |= "time" != "health" |~ "a.b" |= word("order 17") |= "x" or "y" | json |= word("late") |= "z"';
  const { matchers, contains, words, stages } = compileSelection(parseSelection(query));
  assert.deepEqual(matchers, [{ label: 'service', op: '=', value: 'tax' }]);
  assert.deepEqual([contains, words], [['time'], ['order 17']]);
  assert.deepEqual(
    stages!.map((stage) => (stage.type === 'line' ? stage.values.join() : stage.type)),
    ['health', 'a.b', 'x,y', 'parse', 'late', 'z'],
  );
});

test('counts say what is counted, over how long and by what', () => {
  for (const query of [
    'sum by (level, user) (count_over_time({service="tax"} |= "x" [5m]))',
    'sum(count_over_time({service="tax"} |= "x" [300s])) by (level, user)',
  ]) {
    const { selection, rangeMs, by } = parseCounting(query);
    assert.deepEqual([rangeMs, by, selection.stages.length], [300_000, ['level', 'user'], 1]);
  }
  assert.deepEqual(parseCounting('count_over_time({}[1h30m])'), {
    selection: { matchers: [], stages: [] },
    rangeMs: 5_400_000,
    by: [],
  });
  for (const [query, message] of [
    ['rate({}[5m])', '1:1: count_over_time({…}[5m]) is expected, not rate'],
    ['count_over_time({})', '1:19: [ is expected, not )'],
    ['count_over_time({}[5])', '1:20: a duration such as 5m is expected, not 5'],
    ['sum by (level) (count_over_time({}[5m])', '1:40: ) is expected, and the query ends'],
  ] as const)
    assert.throws(() => parseCounting(query), new RegExp(message.replace(/[()[\]{}]/g, '\\$&')));
});
