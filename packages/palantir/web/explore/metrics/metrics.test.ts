import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_QUERIES, queriesOf, withQueries } from './queries-in-address.ts';
import { summaryOf } from './summary.ts';

test('queries are kept in the address with all else that it says', () => {
  const address = new URLSearchParams('last=3h&q=up&q=sum(x)');
  assert.deepEqual(queriesOf(address), ['up', 'sum(x)']);
  assert.equal(withQueries('/m', address, ['a', '']), '/m?last=3h&q=a&q=');
  assert.deepEqual(queriesOf(new URLSearchParams('q=a&q=')), ['a', '']);
  assert.equal(withQueries('/m', new URLSearchParams('q=up'), ['']), '/m');
  assert.deepEqual(queriesOf(new URLSearchParams()), ['']);
  assert.equal(
    queriesOf(new URLSearchParams(Array.from({ length: 50 }, () => ['q', 'up']))).length,
    MAX_QUERIES,
  );
});

test('a series is summed up over what it has', () => {
  assert.deepEqual(summaryOf([null, 1, 3, null]), { last: 3, least: 1, most: 3, mean: 2 });
  assert.deepEqual(summaryOf([null]), { last: null, least: null, most: null, mean: null });
});
