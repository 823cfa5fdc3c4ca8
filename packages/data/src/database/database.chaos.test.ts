import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGoblinError, sleep } from '@goblin/core';
import { embeddedDatabase } from '../fixtures/embedded-database.ts';
import { sql } from './sql.ts';

const KILLS = 8;
const WRITERS = 8;

test('kill -9 of PostgreSQL under load loses no row that was committed', { timeout: 120_000 }, async () => {
  await using embedded = await embeddedDatabase();
  const db = await embedded.open('payments', WRITERS);
  await db.query('create table payment (id int primary key)');
  const committed = new Set<number>();
  const perhaps = new Set<number>();
  let next = 0;
  let writing = true;

  async function write(): Promise<void> {
    while (writing) {
      const id = next++;
      try {
        await db.transaction((tx) => tx.query(sql`insert into payment values (${id})`));
        committed.add(id);
      } catch (error) {
        assert.ok(isGoblinError(error, 'DATABASE_UNAVAILABLE'), String(error));
        perhaps.add(id);
      }
    }
  }

  const writers = Array.from({ length: WRITERS }, write);
  for (let kill = 0; kill < KILLS; kill++) {
    const before = committed.size;
    while (committed.size < before + 50) await sleep(5);
    await embedded.killServer();
  }
  writing = false;
  await Promise.all(writers);
  const kept = new Set((await db.many<{ id: number }>('select id from payment')).map(({ id }) => id));
  assert.deepEqual(
    [...committed].filter((id) => !kept.has(id)),
    [],
  );
  assert.deepEqual(
    [...kept].filter((id) => !committed.has(id) && !perhaps.has(id)),
    [],
  );
  assert.ok(perhaps.size <= KILLS * WRITERS, 'only what was under way failed');
});
