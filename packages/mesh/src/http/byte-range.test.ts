import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRange } from './byte-range.ts';

test('one range is cut to the file', () => {
  assert.deepEqual(parseRange('bytes=0-9', 100), { start: 0, end: 9 });
  assert.deepEqual(parseRange('bytes=90-', 100), { start: 90, end: 99 });
  assert.deepEqual(parseRange('bytes=90-1000', 100), { start: 90, end: 99 });
  assert.deepEqual(parseRange('bytes=-10', 100), { start: 90, end: 99 });
  assert.deepEqual(parseRange('bytes=-1000', 100), { start: 0, end: 99 });
});

test('a range of which nothing exists cannot be satisfied', () => {
  assert.equal(parseRange('bytes=100-', 100), 'unsatisfiable');
  assert.equal(parseRange('bytes=-0', 100), 'unsatisfiable');
  assert.equal(parseRange('bytes=0-', 0), 'unsatisfiable');
});

test('what is not one range is answered with the whole file', () => {
  for (const header of [
    'bytes=0-1,5-6',
    'bytes=-',
    'bytes=9-5',
    'lines=1-2',
    'bytes=a-b',
    'bytes=1-99999999999999999',
  ])
    assert.equal(parseRange(header, 100), undefined, header);
});
