import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastOf, lonely, shortened, spanOf, stacked } from './chart-values.ts';

test('a value alone between unknown ones is a point, since no line shows it', () => {
  assert.deepEqual(lonely([null, 3, null, 4, 5, null, 6], 0, 6), [1, 6]);
  assert.deepEqual(lonely([7], 0, 0), [0]);
  assert.deepEqual(lonely([null, 3, null], 2, 2), []);
});

test('what is long over is not told as the last value, and what is late by a step or two is', () => {
  assert.equal(lastOf([0.4, null, null, null]), null);
  assert.equal(lastOf([0.4, null, null]), 0.4);
  assert.equal(lastOf([0.4, 0.5]), 0.5);
  assert.equal(lastOf([]), null);
});

test('areas stand on each other, and where nothing is known there is none', () => {
  assert.deepEqual(
    stacked(
      [
        [null, 1, 2],
        [null, null, 10],
      ],
      3,
    ),
    [
      [null, 1, 12],
      [null, 0, 10],
    ],
  );
});

test('beside an axis numbers have no digits that say nothing', () => {
  for (const [text, short] of [
    ['2.50/s', '2.5/s'],
    ['4.00 s', '4 s'],
    ['0.25', '0.25'],
    ['100 %', '100 %'],
    ['1,200', '1,200'],
    ['10.0 k/s', '10 k/s'],
  ])
    assert.equal(shortened(text!), short);
});

test('an axis begins at zero where nothing is below it, and has room above', () => {
  assert.deepEqual(spanOf(1, 10), [0, 11]);
  assert.deepEqual(spanOf(-10, -1), [-11, 0]);
  assert.deepEqual(spanOf(null, null), [0, 1]);
});
