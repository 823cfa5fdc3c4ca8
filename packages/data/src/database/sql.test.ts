import assert from 'node:assert/strict';
import { test } from 'node:test';
import { identifier, sql } from './sql.ts';

test('values are bound, never pasted', () => {
  const evil = "'; drop table payment; --";
  const { text, values } = sql`select * from payment where id = ${evil} and minor > ${5}`;
  assert.equal(text, 'select * from payment where id = $1 and minor > $2');
  assert.deepEqual(values, [evil, 5]);
});

test('a statement inside a statement keeps its values', () => {
  const filter = sql`country = ${'FR'} and rate > ${0.1}`;
  const { text, values } = sql`select ${1} from tax where ${filter} and id = ${'x'}`;
  assert.equal(text, 'select $1 from tax where country = $2 and rate > $3 and id = $4');
  assert.deepEqual(values, [1, 'FR', 0.1, 'x']);
});

test('names are quoted', () => {
  assert.equal(
    sql`select * from ${identifier('a"; drop table b')}`.text,
    'select * from "a""; drop table b"',
  );
});
