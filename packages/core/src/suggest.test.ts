import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closest } from './suggest.ts';

test('the nearest word is suggested: a letter missing, added, wrong or swapped', () => {
  const words = ['quote', 'charge', 'refund', 'list'];
  for (const [typed, meant] of [
    ['qoute', 'quote'],
    ['quot', 'quote'],
    ['charrge', 'charge'],
    ['rafund', 'refund'],
    ['list', 'list'],
    ['lits', 'list'],
  ]) {
    assert.equal(closest(typed!, words), meant);
  }
});

test('nothing is suggested when nothing is near', () => {
  assert.equal(closest('banana', ['quote', 'charge']), undefined);
  assert.equal(closest('', ['quote']), undefined);
  assert.equal(closest('x', []), undefined);
});
