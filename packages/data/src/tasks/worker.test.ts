import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GoblinError, isGoblinError, sleep, testTelemetry } from '@goblin/core';
import { z } from 'zod';
import type { Database } from '../database/database.ts';
import { sql } from '../database/sql.ts';
import { until } from '../fixtures/processes.ts';
import { running } from '../fixtures/running-work.ts';
import { testDatabase } from '../testing/test-database.ts';
import type { Job } from './job.ts';
import { cancelTasks, listTasks } from './operate.ts';
import type { RetryOptions } from './retry.ts';
import { type TaskDefinition, task } from './task.ts';
import { work } from './worker.ts';

const Numbered = z.object({ n: z.int() });
type Counted = TaskDefinition<typeof Numbered>;

function counted(
  options: { lease?: `${number}ms`; timeout?: `${number}ms`; retry?: RetryOptions } = {},
): Counted {
  return task('test.counted', { input: Numbered, ...options });
}

async function effects(): Promise<Database> {
  const db = await testDatabase();
  await db.query('create table effect (n int not null, attempt int not null)');
  return db;
}

async function empty(db: Database): Promise<boolean> {
  return (await listTasks(db)).length === 0;
}

test('effects and the end of their task are kept together, or neither is', async () => {
  await using db = await effects();
  const definition = counted({ retry: { backoff: { first: '1ms' } } });
  await definition.enqueue(db, { input: { n: 1 } });
  await using _worker = running(
    work(db, definition, async (job) => {
      await db.transaction(async (tx) => {
        await tx.query(sql`insert into effect values (${job.input.n}, ${job.attempt})`);
        await job.finish(tx);
        if (job.attempt < 3) throw new Error('after all not');
      });
    }),
  );
  await until(() => empty(db));
  assert.deepEqual(await db.many('select * from effect'), [{ n: 1, attempt: 3 }]);
});

test('a worker whose lease has run out cannot finish: its effects are rolled back, and another one does the task', async () => {
  await using db = await effects();
  const definition = counted({ lease: '200ms' });
  const { id } = await definition.enqueue(db, { input: { n: 1 } });
  let first: Job<typeof Numbered> | undefined;
  const overtaken = Promise.withResolvers<void>();
  let late: unknown;
  await using _worker = running(
    work(db, definition, async (job) => {
      const isFirst = first === undefined;
      first ??= job;
      if (isFirst) await overtaken.promise;
      const done = db.transaction(async (tx) => {
        await tx.query(sql`insert into effect values (${job.input.n}, ${job.attempt})`);
        await job.finish(tx);
      });
      if (isFirst)
        late = await done.then(
          () => 'finished',
          (error) => error,
        );
      else await done;
    }),
  );
  await until(() => first !== undefined);
  // As if the first worker had been frozen for longer than its lease.
  await db.query(`update goblin.task set due_at = clock_timestamp() where id = $1`, [id]);
  await until(() => empty(db));
  overtaken.resolve();
  await until(() => late !== undefined);
  assert.ok(isGoblinError(late, 'TASK_LOST'), String(late));
  assert.ok(first!.signal.aborted);
  assert.deepEqual(await db.many('select * from effect'), [{ n: 1, attempt: 2 }]);
});

test('a task that takes longer than its lease stays with its worker', async () => {
  await using db = await testDatabase();
  const definition = counted({ lease: '150ms' });
  await definition.enqueue(db, { input: { n: 1 } });
  let runs = 0;
  await using _worker = running(
    work(db, definition, async () => {
      runs++;
      await sleep(600);
    }),
  );
  await until(() => empty(db));
  assert.equal(runs, 1);
});

test('progress is seen while the task runs', async () => {
  await using db = await testDatabase();
  const definition = counted();
  await definition.enqueue(db, { input: { n: 1 } });
  const seen = Promise.withResolvers<void>();
  await using _worker = running(
    work(db, definition, async (job) => {
      job.progress(0.4, 'resizing');
      await seen.promise;
    }),
  );
  await until(async () => (await listTasks(db))[0]?.note === 'resizing');
  const [view] = await listTasks(db, { state: 'running' });
  assert.equal(Math.round(view!.progress! * 100), 40);
  assert.match(view!.worker!, new RegExp(`/${process.pid}/`));
  seen.resolve();
  await until(() => empty(db));
});

test('a failing task is tried again in the process, then dies with its reason after the last attempt', async () => {
  await using db = await testDatabase();
  const definition = counted({ retry: { attempts: 3, backoff: { first: '1ms' } } });
  const { id } = await definition.enqueue(db, { input: { n: 1 } });
  const attempts: number[] = [];
  await using _worker = running(
    work(db, definition, async ({ attempt }) => {
      attempts.push(attempt);
      throw new GoblinError('NO_PEER', { message: `refused ${attempt}` });
    }),
  );
  await until(async () => (await listTasks(db, { state: 'dead' })).length === 1);
  assert.deepEqual(attempts, [1, 2, 3]);
  const [dead] = await listTasks(db, { state: 'dead' });
  assert.equal(dead!.id, id);
  assert.deepEqual(dead!.error, { code: 'NO_PEER', message: 'refused 3' });
  assert.ok(dead!.failedAt instanceof Date);
});

test('a long pause before the next attempt is spent in the table, without a worker', async () => {
  await using db = await testDatabase();
  const definition = counted({ retry: { backoff: { first: '1h' } } });
  await definition.enqueue(db, { input: { n: 1 } });
  await using _worker = running(
    work(db, definition, async () => {
      throw new Error('down');
    }),
  );
  await until(async () => (await listTasks(db, { state: 'delayed' })).length === 1);
  const [view] = await listTasks(db);
  const inMinutes = (view!.dueAt!.getTime() - Date.now()) / 60_000;
  assert.ok(inMinutes > 29 && inMinutes < 61, String(inMinutes));
  assert.equal(view!.worker, null);
  assert.deepEqual(view!.error, { code: 'INTERNAL', message: 'down' });
});

test('a task is tried for as long as it says, however often', async () => {
  await using db = await testDatabase();
  const definition = counted({ retry: { for: '150ms', backoff: { first: '1ms', max: '10ms' } } });
  await definition.enqueue(db, { input: { n: 1 } });
  let attempts = 0;
  await using _worker = running(
    work(db, definition, async () => {
      attempts++;
      throw new Error('down');
    }),
  );
  await until(async () => (await listTasks(db, { state: 'dead' })).length === 1);
  assert.ok(attempts > 5, String(attempts));
});

test('an input that does not fit the schema is dead at once, and the tasks behind it are done', async () => {
  await using db = await testDatabase();
  const definition = counted();
  const loose = task('test.counted', { input: z.unknown() });
  await loose.enqueue(db, { input: { n: 'poison' } });
  await definition.enqueue(db, { input: { n: 2 } });
  const seen: number[] = [];
  await using _worker = running(work(db, definition, async ({ input }) => void seen.push(input.n)));
  await until(async () => seen.length === 1 && (await listTasks(db, { state: 'dead' })).length === 1);
  const [dead] = await listTasks(db, { state: 'dead' });
  assert.equal(dead!.error!.code, 'INVALID_INPUT');
  assert.equal(dead!.attempt, 1);
  assert.deepEqual(seen, [2]);
});

test('a handler that takes longer than it may is aborted and fails', async () => {
  await using db = await testDatabase();
  const definition = counted({ timeout: '30ms', retry: { attempts: 1 } });
  await definition.enqueue(db, { input: { n: 1 } });
  let signal: AbortSignal | undefined;
  await using _worker = running(
    work(db, definition, async (job) => {
      signal = job.signal;
      await new Promise(() => {});
    }),
  );
  await until(async () => (await listTasks(db, { state: 'dead' })).length === 1);
  assert.equal((await listTasks(db))[0]!.error!.code, 'DEADLINE_EXCEEDED');
  assert.ok(signal!.aborted);
});

test('canceling takes a task away and aborts the handler that runs it', async () => {
  await using db = await testDatabase();
  const definition = counted({ lease: '3600000ms' });
  const { id } = await definition.enqueue(db, { key: 'k', input: { n: 1 } });
  let signal: AbortSignal | undefined;
  await using _worker = running(
    work(db, definition, async (job) => {
      signal = job.signal;
      await new Promise(() => {});
    }),
  );
  await until(() => signal !== undefined);
  assert.equal(await cancelTasks(db, { ids: [id] }), 1);
  assert.ok(await empty(db));
  // Told, not found out by the heartbeat of a lease of an hour.
  await until(() => signal!.aborted);
  assert.ok(isGoblinError(signal!.reason, 'TASK_LOST'));
  assert.deepEqual(await definition.result(db, 'k'), { state: 'canceled' });
  assert.equal((await definition.enqueue(db, { key: 'k', input: { n: 1 } })).isNew, false);
  assert.equal(await cancelTasks(db, { ids: [id] }), 0);
});

test('a worker that stops lets handlers finish, hands back the others at once, and does not count their attempt', async () => {
  await using db = await testDatabase();
  const definition = counted();
  await definition.enqueueMany(db, [{ input: { n: 1 } }, { input: { n: 2 } }]);
  let started = 0;
  let signal: AbortSignal | undefined;
  const worker = running(
    work(db, definition, async (job) => {
      started++;
      if (job.input.n === 1) return sleep(100);
      signal = job.signal;
      // Does not listen to its signal.
      await new Promise(() => {});
    }),
  );
  await until(() => started === 2);
  await worker.stop();
  assert.ok(signal!.aborted);
  const left = await listTasks(db);
  assert.equal(left.length, 1);
  assert.equal(left[0]!.state, 'ready');
  assert.equal(left[0]!.attempt, 0);
  const attempts: number[] = [];
  await using _next = running(work(db, definition, async ({ attempt }) => void attempts.push(attempt)));
  await until(() => empty(db));
  assert.deepEqual(attempts, [1]);
});

test('a task that kills its process dies after its attempts, and does not kill for ever', async () => {
  await using db = await testDatabase();
  const definition = counted({ lease: '100ms', retry: { attempts: 2 } });
  await definition.enqueue(db, { input: { n: 1 } });
  // What a killed worker leaves behind: a claim, and no heartbeat.
  const claim = (): Promise<unknown[]> =>
    db.many(`select id from goblin.claim_tasks('gone', '{test.counted}', '{100}', '{null}', '{null}', '{null}', '{null}', '{null}', '{null}', true, 1)
             where id is not null`);
  for (let kill = 0; kill < 2; kill++) await until(async () => (await claim()).length === 1);
  let ran = false;
  await using _worker = running(
    work(db, definition, async () => {
      ran = true;
    }),
  );
  await until(async () => (await listTasks(db, { state: 'dead' })).length === 1);
  assert.match((await listTasks(db))[0]!.error!.message, /vanished/);
  assert.ok(!ran);
});

test('what a handler does is counted and timed', async () => {
  const telemetry = testTelemetry();
  await using db = await testDatabase({ telemetry });
  const definition = counted({ retry: { attempts: 2, backoff: { first: '1ms' } } });
  await definition.enqueueMany(db, [{ input: { n: 1 } }, { input: { n: 2 } }]);
  await using worker = running(
    work(db, definition, async ({ input }) => {
      if (input.n === 2) throw new Error('no');
    }),
  );
  await until(async () => (await listTasks(db)).every(({ state }) => state === 'dead'));
  await worker.stop();
  const { metrics } = telemetry.metrics.snapshot(['task_attempts_total', 'task_run_duration_seconds']);
  const outcomes = Object.fromEntries(metrics[0]!.series.map(({ labels, value }) => [labels[1], value]));
  assert.deepEqual(outcomes, { done: 1, retried: 1, dead: 1 });
  assert.equal(metrics[1]!.series[0]!.histogram!.count, 3);
});

test('sampled queues show their depth and the age of the oldest', async () => {
  const telemetry = testTelemetry();
  await using db = await testDatabase({ telemetry });
  const definition = counted();
  await definition.enqueueMany(db, [{ input: { n: 1 } }, { input: { n: 2 }, delay: '1h' }]);
  await using _worker = running(
    work(db, task('test.counted', { input: Numbered, lease: '1s' }), () => sleep(50), { concurrency: 1 }),
  );
  const value = (name: string): number | undefined =>
    telemetry.metrics.snapshot([name]).metrics[0]?.series[0]?.value;
  await until(() => value('task_delayed') === 1);
  assert.equal(value('task_dead'), 0);
});
