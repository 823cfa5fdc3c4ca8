import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeOf } from './query-place.ts';

test('the place that an error names is found in the query, and none where it names none', () => {
  assert.deepEqual(placeOf('sum(\n  up))', 'the query cannot be read at 2:6: ")" means nothing here'), {
    line: '  up))',
    column: 5,
  });
  assert.deepEqual(placeOf('up', 'the query cannot be read at 1:99: it ends too early'), {
    line: 'up',
    column: 2,
  });
  assert.equal(placeOf('up', 'the query cannot be read at 7:1: what'), undefined);
  assert.equal(placeOf('up', 'too many series'), undefined);
});
