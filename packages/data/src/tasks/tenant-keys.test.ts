/** A key belongs to a tenant: what one tenant enqueues neither blocks nor shows what another one does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { context } from '@goblin/core';
import { z } from 'zod';
import type { Database } from '../database/database.ts';
import { until } from '../fixtures/processes.ts';
import { running } from '../fixtures/running-work.ts';
import { seededRandom } from '../fixtures/seeded-random.ts';
import { withTenant } from '../isolation/with-tenant.ts';
import { testDatabase } from '../testing/test-database.ts';
import type { Enqueued } from './enqueue.ts';
import { expireTasksOnce } from './expire.ts';
import { handle } from './handler.ts';
import { cancelTasks, listTasks } from './operate.ts';
import { task } from './task.ts';
import { work } from './worker.ts';

const Numbered = z.object({ n: z.int() });
const note = task('test.note', { input: Numbered, output: z.int() });
type Tenant = string | undefined;

function as<T>(tenant: Tenant, run: () => Promise<T>): Promise<T> {
  return context.run({ tenant }, run);
}

async function idle(db: Database): Promise<void> {
  await until(async () => (await listTasks(db)).length === 0);
}

/** Keys as they stood before tenants counted. */
async function forgetTenants(db: Database): Promise<void> {
  await db.query('update goblin.task_key set tenant = null');
}

test('the same keys in several tenants and in none are tasks of their own, whatever is done to them', async () => {
  await using db = await testDatabase();
  const random = seededRandom(11);
  const tenants: readonly Tenant[] = ['red', 'blue', undefined];
  const known = new Map<string, { id: number; state: 'pending' | 'canceled' }>();
  for (let step = 0; step < 200; step++) {
    const tenant = tenants[random(tenants.length)];
    const key = `key ${random(4)}`;
    const mine = known.get(`${tenant} ${key}`);
    await as(tenant, async () => {
      switch (random(4)) {
        case 0: {
          const enqueued = await note.enqueue(db, { key, input: { n: step } });
          if (mine) assert.deepEqual(enqueued, { id: mine.id, key, isNew: false });
          else known.set(`${tenant} ${key}`, { id: enqueued.id, state: 'pending' });
          assert.equal(enqueued.isNew, !mine);
          break;
        }
        case 1: {
          const [twice, again] = await db.transaction((tx) =>
            note.enqueueMany(tx, [
              { key, input: { n: step } },
              { key, input: { n: step } },
            ]),
          );
          assert.deepEqual([twice!.isNew, again!.isNew, again!.id], [!mine, false, twice!.id]);
          if (!mine) known.set(`${tenant} ${key}`, { id: twice!.id, state: 'pending' });
          break;
        }
        case 2:
          assert.equal(await note.signal(db, key, `signal ${step}`), mine?.state === 'pending');
          break;
        default:
          if (mine && random(3) === 0) {
            assert.equal(await cancelTasks(db, { ids: [mine.id] }), mine.state === 'pending' ? 1 : 0);
            known.set(`${tenant} ${key}`, { ...mine, state: 'canceled' });
          }
      }
      const now = known.get(`${tenant} ${key}`);
      assert.deepEqual(await note.result(db, key), now && { state: now.state });
    });
  }
  const live = [...known.values()].filter(({ state }) => state === 'pending');
  const rows = await listTasks(db);
  assert.deepEqual(
    rows.map(({ id }) => id),
    live.map(({ id }) => id).sort((a, b) => a - b),
  );
  for (const { id, key, tenant } of rows) assert.equal(known.get(`${tenant ?? undefined} ${key}`)!.id, id);
});

test('each of two tenants gets the output of its own task', async () => {
  await using db = await testDatabase();
  const isolated = withTenant(db);
  for (const [n, tenant] of ['red', 'blue'].entries())
    assert.ok((await as(tenant, () => note.enqueue(isolated, { key: 'report', input: { n } }))).isNew);
  await using _worker = running(work(db, note, async ({ input }) => input.n));
  await idle(db);
  for (const [n, tenant] of ['red', 'blue'].entries())
    assert.deepEqual(await as(tenant, () => note.result(isolated, 'report')), { state: 'done', output: n });
  assert.equal(await note.result(db, 'report'), undefined);
  await assert.rejects(note.enqueue(isolated, { input: { n: 1 } }), { code: 'TENANT_REQUIRED' });
});

test('what a tenant enqueues or signals outside of a transaction wakes the workers at once', async () => {
  await using db = await testDatabase();
  const isolated = withTenant(db);
  const flow = task('test.flow', { input: Numbered, output: z.string() });
  await using _worker = running(work(db, flow, async (job) => (await job.waitFor<string>('go')) ?? 'none'));
  await as('red', async () => {
    const heard: string[] = [];
    const listener = await db.listen(
      'goblin_event',
      (payload) => heard.push(payload),
      () => {},
    );
    await flow.enqueue(isolated, { key: 'k', input: { n: 1 } });
    await until(() => heard.length === 1);
    await until(async () => (await listTasks(db, { state: 'waiting' })).length === 1);
    assert.ok(await flow.signal(isolated, 'k', 'go', 'on'));
    await until(() => heard.length === 2);
    assert.deepEqual(heard, ['task test.flow', 'task test.flow']);
    await idle(db);
    assert.deepEqual(await flow.result(isolated, 'k'), { state: 'done', output: 'on' });
    await listener.close();
  });
});

test('a parent of no tenant has children of several', async () => {
  await using db = await testDatabase();
  const everybody = task('test.everybody', { input: Numbered, output: z.array(z.string()) });
  const child = task('test.child', { input: Numbered, output: z.string() });
  await everybody.enqueue(db, { key: 'k', input: { n: 1 } });
  await using _worker = running(
    work(db, [
      handle(everybody, async (job) => {
        const red = await as('red', () => job.spawn(child, [{ input: { n: 1 } }]));
        const own = await job.spawn(child, [{ input: { n: 2 } }]);
        return [...(await job.waitAll(red)), ...(await job.waitAll(own))];
      }),
      handle(child, async ({ input }) => `${context.tenant} ${input.n}`),
    ]),
  );
  await idle(db);
  assert.deepEqual(await everybody.result(db, 'k'), { state: 'done', output: ['red 1', 'undefined 2'] });
});

test('a key from before tenants counted stays the key of its task: for its tenant while it is there, for all until it is forgotten', async () => {
  await using db = await testDatabase();
  const enqueue = (tenant: Tenant, key: string): Promise<Enqueued> =>
    as(tenant, () => note.enqueue(db, { key, input: { n: 1 } }));
  const done = await enqueue('red', 'done');
  {
    await using _worker = running(work(db, note, async ({ input }) => input.n));
    await idle(db);
  }
  const waiting = await enqueue('red', 'waiting');
  const canceled = await enqueue('blue', 'canceled');
  await forgetTenants(db);

  assert.deepEqual(await enqueue('red', 'waiting'), { ...waiting, isNew: false });
  assert.ok((await enqueue('blue', 'waiting')).isNew);
  assert.equal(await as('blue', () => note.signal(db, waiting.id, 'a')), true);
  assert.equal(await as('red', () => note.signal(db, 'waiting', 'b')), true);
  for (const tenant of ['red', 'blue', undefined])
    assert.deepEqual(await enqueue(tenant, 'done'), { ...done, isNew: false });
  assert.equal(await cancelTasks(db, { keys: ['canceled'] }), 1);
  assert.deepEqual(await enqueue('blue', 'canceled'), { ...canceled, isNew: false });
  assert.deepEqual(await as('blue', () => note.result(db, 'canceled')), { state: 'canceled' });

  // Finished from here on, and forgotten like any other.
  await using _worker = running(work(db, note, async ({ input }) => input.n));
  await idle(db);
  assert.deepEqual(await as('red', () => note.result(db, 'waiting')), { state: 'done', output: 1 });
  await db.query(`update goblin.task_key set finished_at = now() - interval '8 days'`);
  assert.equal(await expireTasksOnce(db), 4);
  assert.ok((await enqueue('red', 'done')).isNew);
});
