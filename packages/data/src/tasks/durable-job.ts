/** The job that a handler gets: see job.ts. What it remembers is read once per run, when it is first needed, and written as it
 * happens, each time with the proof that the task is still held. */
import {
  type Cancellation,
  context,
  type Duration,
  GoblinError,
  milliseconds,
  parse,
  type Schema,
  type SchemaOutput,
} from '@goblin/core';
import type { Database } from '../database/database.ts';
import type { Transaction } from '../database/transaction.ts';
import { settledChildren, spawnChildren } from './children.ts';
import type { HeldTask } from './held-task.ts';
import type { Job } from './job.ts';
import { jsonWithin } from './json-within.ts';
import type { TaskDefinition } from './task.ts';
import { finishTasks, type Memory, parkTask, recall, rememberStep } from './task-table.ts';
import { wakeWorkers } from './wake-up.ts';

/** Results that one task may remember. */
export const MAX_STEPS = 1_000;

/** Ends a handler whose task waits now. */
class Parked extends Error {
  override readonly message = 'the task waits, and its handler runs again when the time has come';
}

/** What is remembered of children: how many, and whose they are where they are not their parent's tenant's. */
type Spawned = number | { readonly count: number; readonly tenant: string | null };

export function jobOf<I extends Schema, O extends Schema>(
  db: Database,
  held: HeldTask,
  definition: TaskDefinition<I, O>,
  input: SchemaOutput<I>,
  cancellation: Cancellation,
): Job<I, O> {
  const { id, fence, row } = held;
  const own = row.tenant ?? undefined;
  const used = new Set<string>();
  const counts = new Map<string, number>();
  let recalling: Promise<Memory> | undefined;

  /** What has ended the run is not to be passed over by a handler that catches it. */
  function mustGoOn(): void {
    if (held.parked !== undefined) throw new Parked();
    if (held.hopeless) throw held.hopeless;
  }

  function memory(): Promise<Memory> {
    mustGoOn();
    recalling ??= held.stepped
      ? recall(db, id)
      : Promise.resolve({ nowMs: 0, inbox: 0, steps: new Map<string, unknown>() });
    return recalling;
  }

  /** The first, second … of its sort. */
  function numbered(sort: string): string {
    const count = (counts.get(sort) ?? 0) + 1;
    counts.set(sort, count);
    return `${sort} ${count}`;
  }

  async function remember(name: string, result: unknown, at: Database | Transaction = db): Promise<unknown> {
    const { steps } = await memory();
    if (steps.size >= MAX_STEPS)
      throw new GoblinError('RESOURCE_EXHAUSTED', {
        message: `the task ${held.definition.kind} ${id} remembers ${MAX_STEPS} results already: do the rest in children, or in fewer steps`,
      });
    const kept = await rememberStep(at, held, name, jsonWithin(result, `the result of ${name}`));
    if (!kept) throw held.lose();
    held.stepped = true;
    steps.set(name, kept.result);
    return kept.result;
  }

  async function park(waitsFor: string, untilMs: number | undefined, inbox: number): Promise<never> {
    if (!(await parkTask(db, held, waitsFor, untilMs, inbox))) throw held.lose();
    held.parked = waitsFor;
    held.released = true;
    throw new Parked();
  }

  /** When to go on, as it was decided when the handler came here for the first time. */
  async function deadlineOf(name: string, duration: Duration): Promise<number> {
    const { steps, nowMs } = await memory();
    if (!steps.has(name)) {
      const now = nowMs || (await databaseNow(db));
      await remember(name, now + milliseconds(duration));
    }
    return steps.get(name) as number;
  }

  return {
    id,
    key: row.key ?? undefined,
    input,
    attempt: held.attempt,
    fence,
    get signal() {
      return cancellation.signal;
    },
    progress(fraction, note) {
      held.progress = Math.min(1, Math.max(0, fraction));
      held.note = note?.slice(0, MAX_NOTE);
    },
    async step(name, work) {
      const key = `step ${name}`;
      if (used.has(key)) {
        throw new GoblinError('INVALID_INPUT', {
          message: `the step ${JSON.stringify(name)} was used twice in one run of ${definition.kind}: give each a name of its own`,
        });
      }
      used.add(key);
      const { steps } = await memory();
      if (!steps.has(key)) await remember(key, await work());
      return steps.get(key) as never;
    },
    async sleep(duration) {
      const untilMs = await deadlineOf(numbered('sleep'), duration);
      const { nowMs, inbox } = await memory();
      if (untilMs > nowMs) await park('sleep', untilMs, inbox);
    },
    async waitFor(name, { timeout } = {}) {
      const key = `signal ${name}`;
      const { steps, nowMs, inbox } = await memory();
      const untilMs = timeout === undefined ? undefined : await deadlineOf(`timeout of ${key}`, timeout);
      if (!steps.has(key)) {
        if (untilMs === undefined || untilMs > nowMs) await park(key, untilMs, inbox);
        // From now on a signal comes too late.
        await remember(key, TIMED_OUT);
      }
      const { signal } = steps.get(key) as { signal?: unknown };
      return signal as never;
    },
    async spawn(child, requests) {
      const name = numbered(`spawn ${child.kind}`);
      const { steps } = await memory();
      const prefix = `${id}/${name}`;
      if (!steps.has(name)) {
        const tasks = await child.prepare(requests.map((one, at) => ({ ...one, key: `${prefix}/${at}` })));
        const { tenant } = context;
        const spawned: Spawned =
          tenant === own ? tasks.length : { count: tasks.length, tenant: tenant ?? null };
        await db.transaction(async (tx) => {
          await remember(name, spawned, tx);
          await spawnChildren(tx, child.kind, tasks, id);
        });
      }
      const spawned = steps.get(name) as Spawned;
      const { count, tenant } = typeof spawned === 'number' ? { count: spawned, tenant: own } : spawned;
      return { definition: child, name, prefix, count, tenant: tenant ?? undefined };
    },
    async waitAll(children) {
      const { definition: child, name } = children;
      const key = `outputs of ${name}`;
      const { steps, inbox } = await memory();
      if (!steps.has(key)) {
        const outputs = await settledChildren(db, child.kind, children);
        await remember(key, outputs ?? (await park('children', undefined, inbox)));
      }
      const outputs = steps.get(key) as unknown[];
      const { output } = child;
      if (!output) return outputs as never;
      return Promise.all(
        outputs.map((one) => parse(output, one, 'INTERNAL', `an output of ${child.kind}`)),
      ) as never;
    },
    async finish(tx, output) {
      mustGoOn();
      const json = await outputJson(definition, output);
      const { done, woken } = await finishTasks(tx, held.worker, [{ id, fence, output: json }]);
      if (done.length !== 1) throw held.lose();
      held.ending = true;
      tx.afterCommit(() => {
        held.finished = true;
      });
      wakeWorkers(tx, woken);
    },
    fail(reason, message) {
      mustGoOn();
      held.hopeless =
        typeof reason === 'string'
          ? new GoblinError(reason, { ...(message !== undefined && { message }) })
          : reason;
      throw held.hopeless;
    },
  };
}

const MAX_NOTE = 500;
const TIMED_OUT = {};

/** The output as it is kept. @throws INTERNAL when it does not fit its schema */
export async function outputJson(definition: TaskDefinition, output: unknown): Promise<string | undefined> {
  if (!definition.output) return undefined;
  await parse(definition.output, output, 'INTERNAL', `the output of ${definition.kind}`);
  return jsonWithin(output, `the output of ${definition.kind}`);
}

async function databaseNow(db: Database): Promise<number> {
  const { now } = await db.one<{ now: number }>(
    'select extract(epoch from goblin.task_now())::float8 * 1000 as now',
  );
  return now;
}
