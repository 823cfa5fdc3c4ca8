import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import type { Database } from '../database/database.ts';
import { until } from '../fixtures/processes.ts';
import { running } from '../fixtures/running-work.ts';
import { testDatabase } from '../testing/test-database.ts';
import { handle } from './handler.ts';
import { cancelTasks, countTasks, listTasks, replayTasks } from './operate.ts';
import { task } from './task.ts';
import { work } from './worker.ts';

const Numbered = z.object({ n: z.int() });
const FAST = { retry: { attempts: 3, backoff: { first: '1ms' } } } as const;

async function empty(db: Database): Promise<boolean> {
  return (await listTasks(db)).length === 0;
}

/** How many rows the schema `goblin` has for tasks that are gone. */
async function leftovers(db: Database): Promise<number> {
  return (await db.one<{ count: number }>('select count(*) from goblin.task_step')).count;
}

test('a step that has finished is not done again, and gives the same result', async () => {
  await using db = await testDatabase();
  const flow = task('test.flow', { input: Numbered, output: z.array(z.unknown()), ...FAST });
  await flow.enqueue(db, { key: 'k', input: { n: 1 } });
  const log: string[] = [];
  await using _worker = running(
    work(db, flow, async (job) => {
      const charged = await job.step('charge', () => {
        log.push(`charge ${job.attempt}`);
        return { receipt: 7, at: new Date(0), nothing: undefined };
      });
      const none = await job.step('nothing', () => {
        log.push(`nothing ${job.attempt}`);
      });
      if (job.attempt < 3) throw new Error('later');
      return [charged, none];
    }),
  );
  await until(() => empty(db));
  assert.deepEqual(log, ['charge 1', 'nothing 1']);
  assert.deepEqual(await flow.result(db, 'k'), {
    state: 'done',
    output: [{ receipt: 7, at: '1970-01-01T00:00:00.000Z' }, null],
  });
  assert.equal(await leftovers(db), 0);
});

test('a step that fails is tried again with its task, and two steps of one name are refused', async () => {
  await using db = await testDatabase();
  const flow = task('test.flow', { input: Numbered, ...FAST });
  await flow.enqueue(db, { input: { n: 1 } });
  let tries = 0;
  await using _worker = running(
    work(db, flow, async (job) => {
      await job.step('charge', async () => {
        if (++tries < 2) throw new Error('no');
      });
      await job.step('charge', () => 1);
    }),
  );
  await until(async () => (await listTasks(db, { state: 'dead' })).length === 1);
  assert.equal(tries, 2);
  assert.match((await listTasks(db))[0]!.error!.message, /"charge" was used twice/);
});

test('a result that is too large is refused', async () => {
  await using db = await testDatabase();
  const flow = task('test.flow', { input: Numbered, retry: { attempts: 1 } });
  await flow.enqueue(db, { input: { n: 1 } });
  await using _worker = running(work(db, flow, (job) => job.step('large', () => 'x'.repeat(262_144))));
  await until(async () => (await listTasks(db, { state: 'dead', code: 'PAYLOAD_TOO_LARGE' })).length === 1);
});

test('a task that sleeps holds no worker, and goes on after it', async () => {
  await using db = await testDatabase();
  const flow = task('test.flow', { input: Numbered });
  await flow.enqueueMany(
    db,
    Array.from({ length: 20 }, (_, n) => ({ input: { n } })),
  );
  const log: string[] = [];
  await using _worker = running(
    work(
      db,
      flow,
      async (job) => {
        await job.step('before', () => void log.push(`before ${job.input.n}`));
        await job.sleep('50ms');
        await job.sleep('2d');
        log.push(`after ${job.input.n}`);
      },
      { concurrency: 2 },
    ),
  );
  const asleep = `select id from goblin.task join goblin.task_step as step on step.task = id and name = 'sleep 2'
                  where waits_for = 'sleep' and due_at > now() + interval '47 hours'`;
  await until(async () => (await db.many(asleep)).length === 20);
  assert.equal((await countTasks(db))[0]?.waiting, 20);
  assert.ok(log.every((line) => line.startsWith('before')));
  // As if the two days had passed.
  await db.query(`update goblin.task_step set result = '0' where name = 'sleep 2'`);
  await db.query('update goblin.task set due_at = now()');
  await until(() => empty(db));
  assert.equal(log.length, 40);
  assert.equal(await leftovers(db), 0);
});

test('a handler that swallows the end of its run still waits', async () => {
  await using db = await testDatabase();
  const flow = task('test.flow', { input: Numbered });
  await flow.enqueue(db, { input: { n: 1 } });
  let runs = 0;
  let cleaned = 0;
  await using _worker = running(
    work(db, flow, async (job) => {
      runs++;
      try {
        await job.sleep('50ms');
      } catch {
        cleaned++;
      }
    }),
  );
  await until(() => empty(db));
  assert.deepEqual([runs, cleaned], [2, 1]);
});

test('a task waits for a signal, whether it comes before or after it is asked for; the first one counts', async () => {
  await using db = await testDatabase();
  const flow = task('test.flow', { input: Numbered, output: z.unknown() });
  await flow.enqueueMany(db, [
    { key: 'early', input: { n: 1 } },
    { key: 'late', input: { n: 2 } },
  ]);
  assert.equal(await flow.signal(db, 'early', 'approved', { by: 'ann' }), true);
  assert.equal(await flow.signal(db, 'early', 'approved', { by: 'bob' }), false);
  assert.equal(await flow.signal(db, 'nobody', 'approved'), false);
  await using _worker = running(work(db, flow, (job) => job.waitFor('approved')));
  await until(async () => (await flow.result(db, 'early'))?.state === 'done');
  await until(async () => (await listTasks(db, { state: 'waiting' })).length === 1);
  const [view] = await listTasks(db);
  assert.deepEqual([view!.waitsFor, view!.dueAt], ['signal approved', null]);
  assert.equal(await flow.signal(db, view!.id, 'other'), true);
  assert.equal((await listTasks(db))[0]!.state, 'waiting');
  assert.equal(await flow.signal(db, view!.id, 'approved'), true);
  await until(() => empty(db));
  assert.deepEqual(await flow.result(db, 'early'), { state: 'done', output: { by: 'ann' } });
  assert.deepEqual(await flow.result(db, 'late'), { state: 'done', output: null });
  assert.equal(await flow.signal(db, 'late', 'approved'), false);
});

test('a signal that is sent in a transaction is sent with it', async () => {
  await using db = await testDatabase();
  const flow = task('test.flow', { input: Numbered });
  const { id } = await flow.enqueue(db, { input: { n: 1 } });
  await using _worker = running(work(db, flow, (job) => job.waitFor('approved')));
  await until(async () => (await listTasks(db, { state: 'waiting' })).length === 1);
  await db
    .transaction(async (tx) => {
      await flow.signal(tx, id, 'approved');
      throw new Error('no');
    })
    .catch(() => {});
  assert.equal((await listTasks(db))[0]!.state, 'waiting');
  await db.transaction((tx) => flow.signal(tx, id, 'approved'));
  await until(() => empty(db));
});

test('a signal that does not come in time is undefined, for good', async () => {
  await using db = await testDatabase();
  const flow = task('test.flow', { input: Numbered, output: z.array(z.unknown()), ...FAST });
  const { id } = await flow.enqueue(db, { key: 'k', input: { n: 1 } });
  const taken: boolean[] = [];
  await using _worker = running(
    work(db, flow, async (job) => {
      const first = await job.waitFor('approved', { timeout: '50ms' });
      taken.push(await flow.signal(db, id, 'approved', 'too late'));
      if (job.attempt < 2) throw new Error('once more');
      return [first ?? 'nothing'];
    }),
  );
  await until(() => empty(db));
  assert.deepEqual(await flow.result(db, 'k'), { state: 'done', output: ['nothing'] });
  assert.deepEqual(taken, [false, false]);
});

test('a parent goes on when its children are done, holding no worker, with their outputs in order', async () => {
  await using db = await testDatabase();
  const square = task('test.square', { input: Numbered, output: z.int(), ...FAST });
  const sum = task('test.sum', { input: z.array(z.int()), output: z.int(), ...FAST });
  await sum.enqueue(db, { key: 'k', input: Array.from({ length: 50 }, (_, n) => n) });
  let parents = 0;
  await using _worker = running(
    work(
      db,
      [
        handle(sum, async (job) => {
          parents++;
          const children = await job.spawn(
            square,
            job.input.map((n) => ({ input: { n } })),
          );
          const squares = await job.waitAll(children);
          assert.deepEqual(await job.waitAll(await job.spawn(square, [])), []);
          if (job.attempt < 2) throw new Error('outputs are remembered');
          return squares.reduce((total, one) => total + one, 0);
        }),
        handle(square, async ({ input, attempt }) => {
          if (input.n % 7 === 0 && attempt === 1) throw new Error('once more');
          return input.n ** 2;
        }),
      ],
      { concurrency: 1 },
    ),
  );
  await until(() => empty(db));
  assert.deepEqual(await sum.result(db, 'k'), { state: 'done', output: 40_425 });
  assert.equal(parents, 3);
  const { count } = await db.one<{ count: number }>(
    `select count(*) from goblin.task_key where kind = 'test.square'`,
  );
  assert.equal(count, 50);
});

test('a dead child makes its parent fail with its name; replayed, both end well', async () => {
  await using db = await testDatabase();
  const child = task('test.child', { input: Numbered, output: z.int(), retry: { attempts: 1 } });
  const parent = task('test.parent', { input: Numbered, output: z.array(z.int()), retry: { attempts: 1 } });
  await parent.enqueue(db, { key: 'k', input: { n: 1 } });
  let broken = true;
  await using _worker = running(
    work(db, [
      handle(parent, async (job) =>
        job.waitAll(await job.spawn(child, [{ input: { n: 1 } }, { input: { n: 2 } }])),
      ),
      handle(child, async ({ input }) => {
        if (broken && input.n === 2) throw new Error('broken');
        return input.n;
      }),
    ]),
  );
  await until(async () => (await listTasks(db, { state: 'dead' })).length === 2);
  const [deadParent, deadChild] = await listTasks(db);
  assert.match(deadParent!.error!.message, new RegExp(`1 of 2 children test.child .*${deadChild!.id}`));
  assert.equal(deadChild!.parent, deadParent!.id);
  broken = false;
  assert.equal(await replayTasks(db, { kind: 'test.child' }), 1);
  await until(async () => (await listTasks(db, { kind: 'test.child' })).length === 0);
  assert.equal(await replayTasks(db), 1);
  await until(() => empty(db));
  assert.deepEqual(await parent.result(db, 'k'), { state: 'done', output: [1, 2] });
});

test('canceling a parent cancels its children; canceling a child tells its parent', async () => {
  await using db = await testDatabase();
  const child = task('test.child', { input: Numbered, output: z.int() });
  const parent = task('test.parent', { input: Numbered, retry: { attempts: 1 } });
  await using _worker = running(
    work(db, parent, async (job) => {
      await job.waitAll(await job.spawn(child, [{ input: { n: 1 } }, { input: { n: 2 } }]));
    }),
  );
  await parent.enqueue(db, { input: { n: 1 } });
  await until(async () => (await listTasks(db, { kind: 'test.parent', state: 'waiting' })).length === 1);
  assert.equal(await cancelTasks(db, { kind: 'test.parent' }), 3);
  assert.ok(await empty(db));
  assert.equal(await leftovers(db), 0);

  await parent.enqueue(db, { input: { n: 1 } });
  await until(async () => (await listTasks(db, { kind: 'test.parent', state: 'waiting' })).length === 1);
  assert.equal(await cancelTasks(db, { kind: 'test.child' }), 2);
  await until(async () => (await listTasks(db, { state: 'dead' })).length === 1);
  assert.match((await listTasks(db))[0]!.error!.message, /2 of 2 children test.child are dead or canceled/);
});
