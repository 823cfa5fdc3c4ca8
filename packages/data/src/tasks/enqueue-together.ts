/** What many callers enqueue at the same time outside of transactions is added together (group commit): two statements per
 * process are under way at most, and all that comes meanwhile goes into the next one. So one that comes alone waits for nobody, and
 * many share the round trip and the wait for the disk.
 *
 * Nobody is touched by what others enqueue with them. When the statement is refused, it was refused as a whole, and each is
 * added by a statement of its own, which gives each its own answer or error. That happens too when a key is just being added by a
 * transaction that stays open for longer than PATIENCE_MS: who wants that key waits for it, the others do not.
 *
 * A caller whose deadline passes, or who leaves, before the statement is sent has enqueued nothing. After that the call ends at
 * once too, and whether the task was added is not known; enqueued again with the same key it is the same task. */
import { context, GoblinError, openScope, untilCancelled } from '@goblin/core';
import type { Database } from '../database/database.ts';
import { isConnectionError, sqlStateOf } from '../database/errors.ts';
import { routine } from '../database/routine.ts';
import { addTasks, type Enqueued, type NewTask } from './enqueue.ts';

/** Tasks of one statement, and characters of their inputs. */
const BATCH = 500;
const MAX_CHARACTERS = 1_048_576;
/** Statements under way: while one waits for the disk, another one is prepared. With one, 32 callers enqueued about 0.6 times as
 * many; with three, no more that could be measured. */
const MAX_RUNNING = 2;
/** Callers that may wait for the next statements. */
const MAX_WAITING = 10_000;
/** For how long a statement that many share waits for keys that others are adding. */
const PATIENCE_MS = 20;
const QUERY_CANCELED = '57014';

interface Waiting {
  readonly task: NewTask;
  /** Without an answer it has to be added alone. */
  readonly settle: (enqueued: Enqueued | undefined) => void;
  readonly fail: (error: unknown) => void;
}

interface Gathering {
  readonly waiting: Set<Waiting>;
  /** Statements under way. */
  running: number;
}

const gatherings = new WeakMap<Database, Gathering>();

/** @throws as a statement does, and RESOURCE_EXHAUSTED when 10,000 callers wait */
export async function addTogether(db: Database, task: NewTask): Promise<Enqueued> {
  let gathering = gatherings.get(db);
  if (!gathering) {
    gathering = { waiting: new Set(), running: 0 };
    gatherings.set(db, gathering);
  }
  return (await gathered(db, gathering, task)) ?? (await addTasks(db, [task]))[0]!;
}

async function gathered(db: Database, gathering: Gathering, task: NewTask): Promise<Enqueued | undefined> {
  const { waiting } = gathering;
  if (waiting.size >= MAX_WAITING)
    throw new GoblinError('RESOURCE_EXHAUSTED', {
      message: `${MAX_WAITING} callers wait already for their tasks to be enqueued`,
    });
  const scope = openScope(context.current, context.deadline);
  const { promise, resolve: settle, reject: fail } = Promise.withResolvers<Enqueued | undefined>();
  const mine: Waiting = { task, settle, fail };
  waiting.add(mine);
  try {
    if (gathering.running < MAX_RUNNING) void routine(() => addAll(db, gathering));
    return await untilCancelled(scope.values.cancellation, promise);
  } finally {
    waiting.delete(mine);
    scope.close();
  }
}

async function addAll(db: Database, gathering: Gathering): Promise<void> {
  gathering.running++;
  while (gathering.waiting.size > 0) await addSome(db, next(gathering.waiting));
  gathering.running--;
}

/** Takes the first ones out, as many as go into one statement. */
function next(waiting: Set<Waiting>): Waiting[] {
  const batch: Waiting[] = [];
  let characters = 0;
  for (const one of waiting) {
    characters += one.task.input.length;
    if (batch.length === BATCH || (batch.length > 0 && characters > MAX_CHARACTERS)) break;
    waiting.delete(one);
    batch.push(one);
  }
  return batch;
}

async function addSome(db: Database, batch: readonly Waiting[]): Promise<void> {
  try {
    const tasks = batch.map(({ task }) => task);
    const enqueued = await addTasks(db, tasks, { patienceMs: PATIENCE_MS });
    for (const [place, { settle }] of batch.entries()) settle(enqueued[place]);
  } catch (error) {
    for (const { settle, fail } of batch)
      if (wasRefused(error)) settle(undefined);
      else fail(error);
  }
}

/** Whether the server has said no to the statement, so that nothing of it was kept. What has ended it for want of time or of a
 * connection would end the single ones too. */
function wasRefused(error: unknown): boolean {
  const sqlState = sqlStateOf(error);
  return sqlState !== undefined && sqlState !== QUERY_CANCELED && !isConnectionError(error);
}
