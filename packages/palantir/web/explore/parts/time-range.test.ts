import assert from 'node:assert/strict';
import { test } from 'node:test';
import { localText, rangeFrom, rangeParameters, rangeQuery, stepOf } from './time-range.ts';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const of = (query: string) => rangeFrom(new URLSearchParams(query), NOW);

test('a range is read from the address, and what makes no sense is the last hour', () => {
  assert.deepEqual(of('last=15m'), { fromMs: NOW - 900_000, toMs: NOW, last: '15m' });
  assert.deepEqual(of('from=1000&to=2000'), { fromMs: 1_000, toMs: 2_000 });
  for (const nonsense of [
    '',
    'last=toString',
    'from=2000&to=1000',
    'from=x&to=1',
    'from=&to=',
    'from=0&to=1e15',
  ])
    assert.deepEqual(of(nonsense), { fromMs: NOW - 3_600_000, toMs: NOW, last: '1h' }, nonsense);
});

test('what is written into an address is what is read from it', () => {
  for (const query of ['last=7d', '', 'from=1000&to=2000']) {
    const written = Object.entries(rangeQuery(of(query))).filter(([, value]) => value !== undefined);
    assert.equal(new URLSearchParams(written as [string, string][]).toString(), query);
  }
  assert.equal(rangeParameters(of('from=1500&to=2000')), 'start=1.5&end=2');
});

test('a page may have a usual range of its own, and the others can be picked there all the same', () => {
  const usual = rangeFrom(new URLSearchParams(), NOW, '7d');
  assert.equal(usual.last, '7d');
  assert.equal(rangeQuery(usual, '7d').last, undefined);
  assert.equal(rangeQuery('1h', '7d').last, '1h');
});

test('steps are round, and never more than asked for', () => {
  assert.equal(stepOf(of('last=15m'), 240), 5_000);
  assert.equal(stepOf(of('last=7d'), 240), 3_600_000);
  for (const span of [1, 999, 59_000, 86_400_000, 399 * 86_400_000]) {
    const step = stepOf({ fromMs: 0, toMs: span }, 100);
    assert.ok(span / step <= 100, `${span} in steps of ${step}`);
  }
});

test('a time for an input is in the time of the browser', () => {
  assert.equal(new Date(localText(NOW)).getTime(), NOW);
});
