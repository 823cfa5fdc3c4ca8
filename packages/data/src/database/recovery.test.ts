import assert from 'node:assert/strict';
import { test } from 'node:test';
import { context, systemClock } from '@goblin/core';
import { embeddedDatabase } from '../fixtures/embedded-database.ts';
import { until } from '../fixtures/processes.ts';
import { sql } from './sql.ts';

test('after kill -9 of PostgreSQL the next statement brings it back, and what runs fails with a code', async () => {
  await using embedded = await embeddedDatabase();
  const db = await embedded.open('payments');
  await db.query('create table payment (id int primary key)');
  await db.query('insert into payment values (1)');
  const running = db.query('select pg_sleep(30)');
  const open = db.transaction(async (tx) => {
    await tx.query('insert into payment values (2)');
    await tx.query('select pg_sleep(30)');
  });
  const outcomes = Promise.allSettled([running, open]);
  await until(async () => {
    const { count } = await db.one<{ count: number }>(
      `select count(*) from pg_stat_activity where query like '%pg_sleep(30)' and state = 'active'`,
    );
    return count === 2;
  });
  await embedded.killServer();
  const [failed, rolledBack] = await outcomes;
  for (const outcome of [failed, rolledBack]) {
    assert.equal(outcome.status, 'rejected');
    assert.equal(outcome.reason.code, 'DATABASE_UNAVAILABLE');
  }
  // Not started yet when the server is gone, so it is not the caller's matter.
  assert.deepEqual(await db.many('select id from payment'), [{ id: 1 }]);
});

test('a frozen server costs a caller its deadline and no more, and its connection is not used again', async () => {
  await using embedded = await embeddedDatabase();
  // An hour without a deadline: the test is given up before.
  const db = await embedded.open('payments', 1, 3_600_000);
  const { pid } = await db.one<{ pid: number }>('select pg_backend_pid() as pid');
  process.kill(pid, 'SIGSTOP');
  const frozen = context.run({ deadline: systemClock.now() + 100 }, () => db.query(sql`select 1`));
  await assert.rejects(frozen, { code: 'DEADLINE_EXCEEDED' });
  const next = await db.one<{ pid: number }>('select pg_backend_pid() as pid');
  assert.notEqual(next.pid, pid);
  process.kill(pid, 'SIGCONT');
});
