import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isGoblinError } from '@goblin/core';
import { openState } from './state-database.ts';

const root = mkdtempSync(join(tmpdir(), 'goblin-state-'));
after(() => rmSync(root, { recursive: true }));
const folder = (): string => mkdtempSync(join(root, 'one-'));

test('the steps of a part run once each, also those that a later version adds', () => {
  const place = folder();
  const steps = ['CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (1)', 'INSERT INTO a VALUES (2)'];
  for (const some of [steps.slice(0, 1), steps, steps]) {
    using state = openState(place);
    state.migrate('test', some);
  }
  using state = openState(place);
  const rows = state.db.prepare('SELECT x FROM a').all();
  assert.deepEqual(
    rows.map(({ x }) => x),
    [1, 2],
  );
});

test('a transaction is kept whole or not at all, and one within another is part of it', () => {
  using state = openState(folder());
  state.migrate('test', ['CREATE TABLE a (x INTEGER) STRICT']);
  const insert = state.db.prepare('INSERT INTO a VALUES (?)');
  assert.throws(() =>
    state.transaction(() => {
      state.transaction(() => insert.run(1));
      throw new Error('no');
    }),
  );
  assert.equal(state.db.prepare('SELECT count(*) AS n FROM a').get()!.n, 0);
  const answer = state.transaction(() => state.transaction(() => insert.run(2).changes));
  assert.equal(answer, 1);
  assert.equal(state.db.prepare('SELECT count(*) AS n FROM a').get()!.n, 1);
});

test('a folder that cannot be used is named', () => {
  const file = join(folder(), 'a-file');
  writeFileSync(file, '');
  assert.throws(
    () => openState(file),
    (error) => isGoblinError(error, 'STORE_UNAVAILABLE') && error.message.includes('a-file'),
  );
});
