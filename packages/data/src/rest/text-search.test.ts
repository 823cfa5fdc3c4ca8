import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../fixtures/seeded-random.ts';
import { testDatabase } from '../testing/test-database.ts';
import { isSearchQuery } from './text-search.ts';

test('queries of the text search are told from what is none', () => {
  for (const good of [
    'cat',
    'cat & dog',
    '(cat|dog)&!bird',
    `'big cat':*`,
    'a <-> b',
    'a<2>b',
    '!!a',
    'día:A',
    `'it''s'`,
  ])
    assert.ok(isSearchQuery(good), good);
  for (const bad of [
    '',
    ' ',
    'cat dog',
    '&',
    'a &',
    'a | | b',
    '(a',
    'a)',
    '()',
    'a:z',
    `'a`,
    'a;b',
    'a <x> b',
    '!',
  ])
    assert.ok(!isSearchQuery(bad), bad);
});

test('PostgreSQL takes every query that passes', async () => {
  await using db = await testDatabase();
  const pieces = [
    'a',
    'bc',
    ' ',
    '&',
    '|',
    '!',
    '(',
    ')',
    '<->',
    '<3>',
    `'x y'`,
    ':*',
    ':AB',
    `'`,
    ':',
    '\\',
    '*',
    'é',
    '-',
  ];
  const random = seededRandom(5);
  const passing = new Set<string>();
  while (passing.size < 1_000) {
    const text = Array.from({ length: 1 + random(8) }, () => pieces[random(pieces.length)]).join('');
    if (isSearchQuery(text)) passing.add(text);
  }
  const { count } = await db.query('select to_tsquery(text) from unnest($1::text[]) as text', [[...passing]]);
  assert.equal(count, passing.size);
});
