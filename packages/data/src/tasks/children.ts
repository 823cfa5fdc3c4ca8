/** Children of a task: their keys derive from the parent's id, so that a parent that runs again finds them. */
import { GoblinError, type Schema } from '@goblin/core';
import type { Database } from '../database/database.ts';
import type { Transaction } from '../database/transaction.ts';
import { addTasks, type NewTask, type Origin } from './enqueue.ts';
import type { TaskDefinition } from './task.ts';
import { wakeWorkers } from './wake-up.ts';

/** Children that were spawned together. */
export interface Children<O extends Schema = Schema> {
  readonly definition: TaskDefinition<Schema, O>;
  readonly name: string;
  readonly prefix: string;
  readonly count: number;
}

/** Failed children that an error names. */
const NAMED = 10;

export async function spawnChildren(
  tx: Transaction,
  kind: string,
  tasks: readonly NewTask[],
  origin: Origin,
): Promise<void> {
  if (tasks.length === 0) return;
  await addTasks(tx, kind, tasks, origin);
  wakeWorkers(tx, [kind]);
}

interface ChildRow {
  readonly id: number;
  readonly output: unknown;
  readonly finished: boolean;
  readonly failed: boolean;
}

/** The outputs in the order of the requests; undefined while some child is not done.
 * @throws FAILED_PRECONDITION when one is dead or canceled */
export async function settledChildren(
  db: Database,
  kind: string,
  { prefix, count }: Children,
): Promise<unknown[] | undefined> {
  const rows = await db.many<ChildRow>(
    `select known.task as id, known.output, known.finished_at is not null as finished,
            known.canceled or (task.id is not null and task.due_at is null) as failed
     from generate_series(0, $3::integer - 1) as place
     join goblin.task_key as known
       on known.owner = current_user and known.kind = $1 and known.key = $2 || '/' || place
     left join goblin.task on task.id = known.task
     order by place`,
    [kind, prefix, count],
  );
  const failed = rows.filter((row) => row.failed).map(({ id }) => id);
  if (rows.some(({ finished, failed: dead }) => !finished && !dead)) return undefined;
  if (failed.length > 0 || rows.length < count) {
    throw new GoblinError('FAILED_PRECONDITION', {
      message: `${count - rows.length + failed.length} of ${count} children ${kind} are dead or canceled: ${failed.slice(0, NAMED).join(', ')}`,
      data: { children: failed.slice(0, NAMED) },
    });
  }
  return rows.map(({ output }) => output);
}
