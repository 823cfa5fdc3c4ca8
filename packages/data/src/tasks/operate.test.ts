import assert from 'node:assert/strict';
import { test } from 'node:test';
import { context, GoblinError } from '@goblin/core';
import pg from 'pg';
import { z } from 'zod';
import { superuserConfig } from '../embedded/provision.ts';
import { throwawayServer } from '../embedded/throwaway.ts';
import { until } from '../fixtures/processes.ts';
import { running } from '../fixtures/running-work.ts';
import { testDatabase } from '../testing/test-database.ts';
import { expireTasksOnce } from './expire.ts';
import { cancelTasks, countTasks, listTasks, replayTasks } from './operate.ts';
import { task } from './task.ts';
import { work } from './worker.ts';

const Numbered = z.object({ n: z.int() });
const settle = task('payments.settle', { input: Numbered, retry: { attempts: 1 } });
const refund = task('payments.refund', { input: Numbered, lane: ({ n }) => `lane ${n}` });

async function asOwner(statement: string): Promise<void> {
  const owner = new pg.Client(superuserConfig(await throwawayServer()));
  await owner.connect();
  await owner.query(statement);
  await owner.end();
}

test('tasks are listed by what they are, page by page, and counted by kind and state', async () => {
  await using db = await testDatabase();
  await settle.enqueueMany(db, [
    { key: 'a', input: { n: 1 } },
    { key: 'b', input: { n: 2 }, delay: '1h', priority: 7 },
  ]);
  await context.run({ tenant: 'acme' }, () => refund.enqueue(db, { input: { n: 3 } }));
  const keys = async (filter: Parameters<typeof listTasks>[1]): Promise<unknown[]> =>
    (await listTasks(db, filter)).map(({ input }) => (input as { n: number }).n);
  assert.deepEqual(await keys({}), [1, 2, 3]);
  assert.deepEqual(await keys({ kind: 'payments.settle' }), [1, 2]);
  assert.deepEqual(await keys({ state: 'ready' }), [1, 3]);
  assert.deepEqual(await keys({ keys: ['b'] }), [2]);
  assert.deepEqual(await keys({ tenant: 'acme', lane: 'lane 3' }), [3]);
  const [first] = await listTasks(db, {}, { limit: 1 });
  const [second] = await listTasks(db, {}, { limit: 1, after: first!.id });
  assert.deepEqual([second!.key, second!.priority, second!.state], ['b', 7, 'delayed']);
  const counts = await countTasks(db);
  assert.deepEqual(
    counts.map(({ kind, ready, delayed }) => [kind, ready, delayed]),
    [
      ['payments.refund', 1, 0],
      ['payments.settle', 1, 1],
    ],
  );
  assert.ok(counts[0]!.oldestSeconds! >= 0);
});

test('dead tasks are replayed by filter, and those that die again are not met twice', async () => {
  await using db = await testDatabase();
  const many = Array.from({ length: 30 }, (_, n) => ({ input: { n } }));
  await settle.enqueueMany(db, many);
  let runs = 0;
  await using _worker = running(
    work(db, settle, async ({ input }) => {
      runs++;
      throw new GoblinError(input.n % 3 === 0 ? 'NO_PEER' : 'CONFLICT');
    }),
  );
  const dead = async (): Promise<number> => (await countTasks(db, { state: 'dead' }))[0]?.dead ?? 0;
  await until(async () => (await dead()) === 30);
  assert.equal(await replayTasks(db, { kind: 'payments.refund' }), 0);
  assert.equal(await replayTasks(db, { kind: 'payments.settle', code: 'NO_PEER' }), 10);
  await until(async () => (await dead()) === 30);
  assert.equal(runs, 40);
});

test('waiting, delayed and dead tasks are canceled by filter', async () => {
  await using db = await testDatabase();
  await settle.enqueueMany(db, [{ input: { n: 1 } }, { input: { n: 2 }, delay: '1h' }]);
  await refund.enqueue(db, { input: { n: 3 } });
  assert.equal(await cancelTasks(db, { kind: 'payments.settle', state: 'delayed' }), 1);
  assert.equal(await cancelTasks(db, { kind: 'payments.settle' }), 1);
  assert.deepEqual(
    (await listTasks(db)).map(({ kind }) => kind),
    ['payments.refund'],
  );
});

test('a key is forgotten 7 days after its task has finished, a dead task after 90, and nothing else', async () => {
  await using db = await testDatabase();
  await settle.enqueueMany(
    db,
    ['done', 'dead', 'old', 'new'].map((key, n) => ({ key, input: { n } })),
  );
  const worker = running(
    work(db, settle, async ({ key }) => {
      if (key === 'dead') throw new Error('no');
    }),
  );
  await until(async () => (await listTasks(db)).every(({ state }) => state === 'dead'));
  await worker.stop();
  const { id } = await settle.enqueue(db, { key: 'waiting', input: { n: 1 } });
  const mine = `owner = '${db.schema}'`;
  await asOwner(
    `update goblin.task_key set finished_at = now() - interval '8 days' where ${mine} and key in ('done', 'old')`,
  );
  await asOwner(
    `update goblin.task set failed_at = now() - interval '91 days' where ${mine} and key = 'dead'`,
  );
  assert.equal(await expireTasksOnce(db), 3);
  for (const [key, isNew] of [
    ['done', true],
    ['old', true],
    ['dead', true],
    ['new', false],
    ['waiting', false],
  ] as const)
    assert.equal((await settle.enqueue(db, { key, input: { n: 1 } })).isNew, isNew, key);
  assert.equal((await settle.enqueue(db, { key: 'waiting', input: { n: 1 } })).id, id);
});
