import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Contract, type Handlers, procedureService, testTelemetry } from '@goblin/core';
import { z } from 'zod';
import { database } from '../database/database.ts';
import { superuserConfig } from '../embedded/provision.ts';
import { throwawayServer } from '../embedded/throwaway.ts';
import { until } from '../fixtures/processes.ts';
import { running } from '../fixtures/running-work.ts';
import { schedule } from '../schedules/schedule.ts';
import { task } from '../tasks/task.ts';
import { work } from '../tasks/worker.ts';
import { testDatabase } from '../testing/test-database.ts';
import { actingAs, taskOwners } from './acting-as.ts';
import { dataContract } from './contract.ts';
import { dataProcedures } from './data-procedures.ts';

const settle = task('payments.settle', { input: z.object({ n: z.int() }), retry: { attempts: 1 } });

/** The procedures as the owner of the server calls them, through the checks of the contract. */
async function asOwner() {
  const server = await throwawayServer();
  const target = { where: 'the test server', config: () => superuserConfig(server) };
  const telemetry = testTelemetry();
  const db = database({ target, schema: 'public', telemetry, poolSize: 2, timeoutMs: 10_000 });
  const service = procedureService(
    dataContract as Contract,
    dataProcedures(db) as Handlers<Contract>,
    telemetry,
  );
  return {
    db,
    // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of several kinds
    call: (name: keyof typeof dataContract.procedures, input: object): Promise<any> =>
      service({ procedure: dataContract.procedures[name], input }),
    [Symbol.asyncDispose]: db.close,
  };
}

test('an owner sees, retries and cancels the tasks of all services, each as its own role', async () => {
  await using one = await testDatabase();
  await using two = await testDatabase();
  await using owner = await asOwner();
  await settle.enqueueMany(one, [
    { key: 'a', input: { n: 1 } },
    { key: 'b', input: { n: 2 } },
  ]);
  await settle.enqueue(two, { key: 'a', input: { n: 3 }, delay: '1h' });
  const mine = [one.schema, two.schema];
  const counts = (await owner.call('countTasks', {})).filter((count: { owner: string }) =>
    mine.includes(count.owner),
  );
  assert.deepEqual(
    counts.map((count: Record<string, unknown>) => [count.owner, count.ready, count.delayed]),
    [
      [one.schema, 2, 0],
      [two.schema, 0, 1],
    ],
  );
  const listed = await owner.call('listTasks', { kind: settle.kind, keys: ['a'] });
  assert.deepEqual(
    listed.map((found: { owner: string; input: unknown }) => [found.owner, found.input]),
    [
      [one.schema, { n: 1 }],
      [two.schema, { n: 3 }],
    ],
  );
  const shown = await owner.call('showTask', { id: listed[1].id });
  assert.deepEqual([shown.owner, shown.state, shown.steps], [two.schema, 'delayed', []]);
  await using _worker = running(
    work(one, settle, async () => {
      throw new Error('no');
    }),
  );
  await until(async () => (await owner.call('listTasks', { owner: one.schema, state: 'dead' })).length === 2);
  assert.deepEqual(await owner.call('retryTasks', { owner: one.schema, keys: ['a'] }), { count: 1 });
  assert.deepEqual(await owner.call('cancelTasks', { owner: two.schema }), { count: 1 });
  assert.deepEqual(await owner.call('listTasks', { owner: two.schema }), []);
  await assert.rejects(owner.call('showTask', { id: listed[1].id }), { code: 'NOT_FOUND' });
});

test('a service that serves the procedures over its own database reaches nobody else', async () => {
  await using one = await testDatabase();
  await using two = await testDatabase();
  await settle.enqueue(one, { key: 'a', input: { n: 1 } });
  await settle.enqueue(two, { key: 'a', input: { n: 2 } });
  const procedures = dataProcedures(one);
  const tasks = await procedures.listTasks({});
  assert.deepEqual(
    tasks.map(({ owner }) => owner),
    [one.schema],
  );
  assert.deepEqual(await procedures.cancelTasks({ owner: two.schema }), { count: 0 });
  assert.deepEqual(await taskOwners(one), [one.schema]);
  await assert.rejects(actingAs(one, two.schema).query('select 1'), { code: 'FORBIDDEN' });
});

test('schedules come with their next slots, and those of all services to an owner', async () => {
  await using db = await testDatabase();
  await using owner = await asOwner();
  const mine = async (slots: number) =>
    (await owner.call('listSchedules', { slots })).find(
      (one: { service: string }) => one.service === db.schema,
    );
  await using _loop = running(
    schedule(db, { name: 'nightly', cron: '0 30 3 * * *', zone: 'Europe/Berlin' }, async () => {}),
  );
  await until(async () => (await mine(3)) !== undefined);
  const { next, due, state } = await mine(3);
  assert.deepEqual([next.length, due, state], [3, '0 30 3 * * * Europe/Berlin', 'active']);
  const id = { service: db.schema, name: 'nightly' };
  await owner.call('pauseSchedule', id);
  assert.deepEqual([(await mine(3)).state, (await mine(3)).next], ['paused', []]);
  await owner.call('runSchedule', id);
  const ran = async () => (await owner.call('countTasks', { owner: db.schema }))[0]?.finishedLastMinute;
  await until(async () => (await ran()) === 1);
  await owner.call('resumeSchedule', id);
  assert.deepEqual((await mine(3)).next, next);
});
