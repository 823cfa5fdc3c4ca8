import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGoblinError, sleep } from '@goblin/core';
import type { Database } from '../database/database.ts';
import { sql } from '../database/sql.ts';
import { CHILDREN, CONCURRENCY, flow, kinds, parent, single } from '../fixtures/chaos-tasks.ts';
import { type EmbeddedDatabase, embeddedDatabase } from '../fixtures/embedded-database.ts';
import { type Program, program, until } from '../fixtures/processes.ts';
import { countTasks, listTasks } from './operate.ts';

const WORKERS = 3;
/** Far longer than one worker takes for what is left: it only makes a failing test end. */
const DRAIN_PATIENCE_MS = 300_000;
/** `GOBLIN_CHAOS_SECONDS=600` for more kills; a process takes its time to start. */
const SECONDS = Number(process.env.GOBLIN_CHAOS_SECONDS ?? 12);
/** Tasks that are there at once, about: enough that every kill meets some. */
const BACKLOG = 200;
/** What an enqueuing may meet while the server is killed: nobody knows whether the task is there. */
const UNANSWERED = ['DATABASE_UNAVAILABLE', 'DEADLINE_EXCEEDED'] as const;

async function chaosDatabase(embedded: EmbeddedDatabase): Promise<Database> {
  const db = await embedded.open('chaos', 8);
  await db.query('create table effect (name text not null)');
  await db.query('create table step_run (name text not null)');
  return db;
}

async function ready(folder: string): Promise<Program> {
  const worker = program('task-worker', folder);
  await worker.next();
  return worker;
}

test('no task is lost and none has its effects twice, whatever is killed', {
  timeout: SECONDS * 1_000 + 600_000,
}, async (t) => {
  await using embedded = await embeddedDatabase();
  const db = await chaosDatabase(embedded);
  const expected: string[] = [];
  let stop = false;

  /** As a caller does it: with the same key, until it knows that the task is there. */
  async function enqueue(n: number): Promise<void> {
    const kind = kinds[n % kinds.length]!;
    const name = `${kind.kind} ${n}`;
    for (;;) {
      try {
        await db.transaction((tx) => kind.enqueue(tx, { key: name, input: { name } }));
        break;
      } catch (error) {
        t.signal.throwIfAborted();
        const isPassing = UNANSWERED.some((code) => isGoblinError(error, code));
        assert.ok(isPassing, String(error));
      }
    }
    expected.push(name);
    if (kind === parent) for (let child = 0; child < CHILDREN; child++) expected.push(`${name}/${child}`);
  }

  async function caller(first: number): Promise<void> {
    for (let n = first; !stop; n += 4) {
      await enqueue(n);
      while (!stop && (await backlog()) > BACKLOG) await sleep(20);
    }
  }
  async function backlog(): Promise<number> {
    try {
      return (await db.one<{ count: number }>('select count(*) from goblin.task')).count;
    } catch {
      return 0;
    }
  }

  let workerKills = 0;
  let serverKills = 0;
  const endAt = performance.now() + SECONDS * 1_000;
  /** One place for a worker: whoever stands there is killed soon, and replaced. */
  async function place(): Promise<void> {
    while (!stop && performance.now() < endAt) {
      const worker = await ready(embedded.folder);
      await sleep(50 + Math.random() * 400);
      await worker.kill();
      workerKills++;
    }
  }
  async function killServer(): Promise<void> {
    while (!stop && performance.now() < endAt - 3_000) {
      await sleep(3_000);
      await embedded.killServer();
      serverKills++;
    }
  }
  const kills = Promise.all([...Array.from({ length: WORKERS }, place), killServer()]);
  // Whoever ends, well or not, ends the others; nobody goes on beyond this line.
  const ended = [kills, ...[0, 1, 2, 3].map(caller)].map((part) =>
    part.finally(() => {
      stop = true;
    }),
  );
  await Promise.allSettled(ended);
  await Promise.all(ended);

  await using _last = await ready(embedded.folder);
  await until(async () => (await backlog()) === 0, DRAIN_PATIENCE_MS).catch(async (error) => {
    console.error(await countTasks(db), await listTasks(db, {}, { limit: 5 }));
    throw error;
  });
  const effects = (await db.many<{ name: string }>('select name from effect order by name')).map(
    ({ name }) => name,
  );
  t.diagnostic(
    `${effects.length} tasks, ${workerKills} kills of workers, ${serverKills} of PostgreSQL, ${SECONDS} s`,
  );
  assert.ok(workerKills >= WORKERS && serverKills > 0, 'there was chaos');
  assert.deepEqual(effects, expected.sort(compare));
  assert.deepEqual(await db.many('select name from goblin.task_step'), []);
  // A step runs again only when it was under way in the moment of a kill.
  const flows = expected.filter((name) => name.startsWith(flow.kind)).length;
  const { runs, steps } = await db.one<{ runs: number; steps: number }>(
    'select count(*) as runs, count(distinct name) as steps from step_run',
  );
  assert.equal(steps, 3 * flows);
  assert.ok(
    runs - steps <= (workerKills + serverKills * WORKERS) * CONCURRENCY,
    `${runs - steps} steps ran again`,
  );
});

test('after kill -9 of its worker a task is done by another one, when its lease of 1 s has run out', async (t) => {
  await using embedded = await embeddedDatabase();
  const db = await chaosDatabase(embedded);
  const worker = await ready(embedded.folder);
  await single.enqueueMany(
    db,
    Array.from({ length: 300 }, (_, n) => ({ input: { name: `${n}` } })),
  );
  await until(async () => (await db.many('select from effect')).length > 20);
  await worker.kill();
  await using _next = await ready(embedded.folder);
  const killedMs = performance.now();
  await until(async () => (await listTasks(db)).length === 0);
  t.diagnostic(`all done ${Math.round(performance.now() - killedMs)} ms after the next one was there`);
  const doubles = await db.many(sql`select name from effect group by name having count(*) > 1`);
  assert.deepEqual(doubles, []);
  assert.equal((await db.many('select from effect')).length, 300);
});

/** As the database's collation C orders, which the embedded one uses. */
function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
