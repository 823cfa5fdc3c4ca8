import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sleep } from '@goblin/core';
import { z } from 'zod';
import type { Database } from '../database/database.ts';
import { until } from '../fixtures/processes.ts';
import { running } from '../fixtures/running-work.ts';
import { testDatabase } from '../testing/test-database.ts';
import { listTasks } from './operate.ts';
import { type TaskOptions, task } from './task.ts';
import { work } from './worker.ts';

const Paid = z.object({ n: z.int(), to: z.string() });

function payOut(options: Partial<TaskOptions<typeof Paid>>) {
  return task('payments.pay-out', { input: Paid, lane: ({ to }) => to, ...options });
}

function payments(count: number, ...to: string[]): { input: z.infer<typeof Paid> }[] {
  return to.flatMap((name) => Array.from({ length: count }, (_, n) => ({ input: { n, to: name } })));
}

async function empty(db: Database): Promise<boolean> {
  return (await listTasks(db)).length === 0;
}

test('no more of a lane run at once than it allows, however many workers there are', async () => {
  await using db = await testDatabase();
  const pay = payOut({ lanes: { concurrency: 3 } });
  await pay.enqueueMany(db, payments(30, 'acme', 'globex'));
  const now = new Map<string, number>();
  const most = new Map<string, number>();
  const loops = Array.from({ length: 4 }, () =>
    work(
      db,
      pay,
      async ({ input: { to } }) => {
        const count = (now.get(to) ?? 0) + 1;
        now.set(to, count);
        most.set(to, Math.max(most.get(to) ?? 0, count));
        await sleep(2);
        now.set(to, now.get(to)! - 1);
      },
      { concurrency: 20 },
    ),
  );
  await using _one = running(loops[0]!);
  await using _two = running(loops[1]!);
  await using _three = running(loops[2]!);
  await using _four = running(loops[3]!);
  await until(() => empty(db));
  assert.deepEqual(Object.fromEntries(most), { acme: 3, globex: 3 });
});

test('limits without lanes are limits of the kind', async () => {
  await using db = await testDatabase();
  const single = task('test.single', { input: z.int(), lanes: { concurrency: 1 } });
  await single.enqueueMany(
    db,
    Array.from({ length: 10 }, (_, input) => ({ input })),
  );
  let now = 0;
  const seen: number[] = [];
  await using _worker = running(
    work(db, single, async ({ input }) => {
      assert.equal(++now, 1);
      await sleep(1);
      seen.push(input);
      now--;
    }),
  );
  await until(() => empty(db));
  assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('a rate spreads the starts of a lane over time, over all workers', async () => {
  await using db = await testDatabase();
  const pay = payOut({ lanes: { rate: '20/s' } });
  await pay.enqueueMany(db, payments(12, 'acme'));
  const startsMs: number[] = [];
  const begunMs = performance.now();
  const loop = work(db, pay, async () => void startsMs.push(performance.now()));
  await using _one = running(loop);
  await using _two = running(work(db, pay, async () => void startsMs.push(performance.now())));
  await until(() => empty(db));
  const tookMs = Math.max(...startsMs) - begunMs;
  // Two at once after a rest, then one each 50 ms.
  assert.ok(tookMs > 10 * 50 - 1, `12 starts took ${tookMs} ms`);
});

test('a lane that is full does not hold up the others, and all get their turn', async () => {
  await using db = await testDatabase();
  const pay = payOut({ lanes: { concurrency: 1 } });
  await pay.enqueueMany(db, payments(300, 'big'));
  await pay.enqueueMany(db, payments(2, ...Array.from({ length: 150 }, (_, n) => `small-${n}`)));
  const order: string[] = [];
  await using _worker = running(
    work(db, pay, async ({ input: { to } }) => void order.push(to), { concurrency: 8 }),
  );
  await until(() => empty(db));
  const lastSmall = order.findLastIndex((to) => to !== 'big');
  assert.ok(
    order.slice(0, lastSmall).filter((to) => to === 'big').length < 200,
    'big ones ran among the small ones',
  );
  assert.equal(order.length, 600);
});

test('a lane of a dead worker is free when its lease has run out', async () => {
  await using db = await testDatabase();
  const pay = payOut({ lanes: { concurrency: 1 }, lease: '200ms' });
  await pay.enqueueMany(db, payments(2, 'acme'));
  await db.query(
    `select goblin.claim_tasks('gone', '{payments.pay-out}', '{200}', '{1}', '{null}', '{null}', '{null}', '{null}', '{null}', true, 10)`,
  );
  assert.equal((await listTasks(db, { state: 'running' })).length, 1);
  const attempts: number[] = [];
  await using _worker = running(work(db, pay, async ({ attempt }) => void attempts.push(attempt)));
  await until(() => empty(db));
  assert.deepEqual(attempts.sort(), [1, 2]);
});

test('tasks that were enqueued before a kind had lanes are done as well', async () => {
  await using db = await testDatabase();
  const before = task('payments.pay-out', { input: Paid });
  await before.enqueueMany(db, payments(3, 'acme'));
  const after = payOut({ lanes: { concurrency: 1 } });
  await after.enqueueMany(db, payments(3, 'acme', 'globex'));
  let runs = 0;
  await using worker = running(work(db, after, async () => void runs++));
  await until(() => empty(db));
  await worker.stop();
  await after.enqueueMany(db, payments(3, 'acme', 'globex'));
  await using _again = running(work(db, before, async () => void runs++));
  await until(() => empty(db));
  assert.equal(runs, 15);
});
