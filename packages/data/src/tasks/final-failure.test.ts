import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GoblinError } from '@goblin/core';
import { z } from 'zod';
import type { Database } from '../database/database.ts';
import { until } from '../fixtures/processes.ts';
import { running } from '../fixtures/running-work.ts';
import { testDatabase } from '../testing/test-database.ts';
import { handle } from './handler.ts';
import { listTasks, replayTasks, type TaskView } from './operate.ts';
import { task } from './task.ts';
import { work } from './worker.ts';

const Numbered = z.object({ n: z.int() });

async function dead(db: Database): Promise<TaskView[]> {
  await until(async () => (await listTasks(db, { state: 'dead' })).length > 0);
  return listTasks(db, { state: 'dead' });
}

test('a task that its handler gives up is dead at once, with the reason, and is tried again only when somebody says so', async () => {
  await using db = await testDatabase();
  const charge = task('test.charge', { input: Numbered });
  await charge.enqueue(db, { key: 'k', input: { n: 1 } });
  let closed = true;
  let runs = 0;
  await using _worker = running(
    work(db, charge, async (job) => {
      runs++;
      if (closed) job.fail('ACCOUNT_CLOSED', 'the account 7 is closed');
    }),
  );
  const [given] = await dead(db);
  assert.deepEqual(given!.error, { code: 'ACCOUNT_CLOSED', message: 'the account 7 is closed' });
  assert.equal(given!.attempt, 1);
  assert.equal(runs, 1);
  assert.deepEqual(await charge.result(db, 'k'), { state: 'dead' });
  closed = false;
  assert.equal(await replayTasks(db, { code: 'ACCOUNT_CLOSED' }), 1);
  await until(async () => (await listTasks(db)).length === 0);
  assert.equal(runs, 2);
});

test('an error that was caught can be the reason; one that is only thrown is tried again, whatever its code', async () => {
  await using db = await testDatabase();
  const charge = task('test.charge', { input: Numbered, retry: { backoff: { first: '1ms' } } });
  await charge.enqueue(db, { input: { n: 1 } });
  await using _worker = running(
    work(db, charge, async (job) => {
      const declined = new GoblinError('CARD_DECLINED', { message: 'no money' });
      if (job.attempt < 3) throw declined;
      job.fail(declined);
    }),
  );
  const [given] = await dead(db);
  assert.deepEqual(given!.error, { code: 'CARD_DECLINED', message: 'no money' });
  assert.equal(given!.attempt, 3);
});

test('what was done in the transaction is rolled back, and a handler that goes on changes nothing about it', async () => {
  await using db = await testDatabase();
  await db.query('create table effect (n integer)');
  const charge = task('test.charge', { input: Numbered });
  await charge.enqueue(db, { input: { n: 1 } });
  const refused: unknown[] = [];
  await using _worker = running(
    work(db, charge, async (job) => {
      await db
        .transaction(async (tx) => {
          await tx.query('insert into effect values (1)');
          job.fail('ACCOUNT_CLOSED');
        })
        .catch(() => {});
      await job.step('more', () => 1).catch((error) => refused.push(error.code));
      await db.transaction((tx) => job.finish(tx)).catch((error) => refused.push(error.code));
    }),
  );
  const [given] = await dead(db);
  assert.equal(given!.error!.code, 'ACCOUNT_CLOSED');
  assert.deepEqual(refused, ['ACCOUNT_CLOSED', 'ACCOUNT_CLOSED']);
  assert.deepEqual(await db.many('select * from effect'), []);
});

test('a parent is told at once of a child that was given up, with its reason', async () => {
  await using db = await testDatabase();
  const child = task('test.child', { input: Numbered, output: z.int() });
  const parent = task('test.parent', { input: Numbered });
  await parent.enqueue(db, { input: { n: 1 } });
  await using _worker = running(
    work(db, [
      handle(parent, async (job) => {
        const children = await job.spawn(child, [{ input: { n: 1 } }, { input: { n: 2 } }]);
        await job.waitAll(children).catch((error) => job.fail(error));
      }),
      handle(child, async (job) => (job.input.n === 2 ? job.fail('CARD_DECLINED') : job.input.n)),
    ]),
  );
  await until(async () => (await listTasks(db, { state: 'dead' })).length === 2);
  const [deadParent, deadChild] = await listTasks(db);
  assert.equal(deadParent!.error!.code, 'FAILED_PRECONDITION');
  assert.match(
    deadParent!.error!.message,
    new RegExp(`1 of 2 children test.child are dead or canceled: ${deadChild!.id} \\(CARD_DECLINED\\)`),
  );
});
