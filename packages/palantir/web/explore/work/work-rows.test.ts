import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from '../../../src/query/promql/parser.ts';
import { WORK_TABLES } from './work-queries.ts';
import { rowsOf } from './work-rows.ts';

test('answers are put into rows by their labels, and what is missing is missing', () => {
  const rows = rowsOf(
    ['kind'],
    [
      [
        { labels: { kind: 'b' }, value: 1 },
        { labels: { kind: 'a' }, value: 2 },
      ],
      [
        { labels: { kind: 'a' }, value: Number.NaN },
        { labels: {}, value: 3 },
      ],
    ],
  );
  assert.deepEqual(rows, [
    { labels: [''], values: [undefined, 3] },
    { labels: ['a'], values: [2, undefined] },
    { labels: ['b'], values: [1, undefined] },
  ]);
});

test('every query of the page can be read', () => {
  for (const { columns, chart } of WORK_TABLES)
    for (const { query } of [...columns, ...(chart ? [chart] : [])])
      assert.doesNotThrow(() => parse(query), query);
});
