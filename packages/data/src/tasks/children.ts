/** Children of a task: their keys derive from the parent's id, so that a parent that runs again finds them. */
import { GoblinError, type Schema } from '@goblin/core';
import type { Database } from '../database/database.ts';
import type { Transaction } from '../database/transaction.ts';
import { addTasks, type NewTask } from './enqueue.ts';
import type { TaskDefinition } from './task.ts';
import { wakeWorkers } from './wake-up.ts';

/** Children that were spawned together. */
export interface Children<O extends Schema = Schema> {
  readonly definition: TaskDefinition<Schema, O>;
  readonly name: string;
  readonly prefix: string;
  readonly count: number;
  /** On whose behalf they were spawned. */
  readonly tenant: string | undefined;
}

/** Failed children that an error names. */
const NAMED = 10;

export async function spawnChildren(
  tx: Transaction,
  kind: string,
  tasks: readonly NewTask[],
  parent: number,
): Promise<void> {
  if (tasks.length === 0) return;
  await addTasks(tx, tasks, { parent });
  wakeWorkers(tx, [kind]);
}

interface ChildRow {
  readonly id: number;
  readonly output: unknown;
  readonly finished: boolean;
  readonly failed: boolean;
  readonly reason: string | null;
}

/** The outputs in the order of the requests; undefined while some child is not done.
 * @throws FAILED_PRECONDITION when one is dead or canceled */
export async function settledChildren(
  db: Database,
  kind: string,
  { prefix, count, tenant }: Children,
): Promise<unknown[] | undefined> {
  const rows = await db.many<ChildRow>(
    `select known.task as id, known.output, known.finished_at is not null as finished,
            known.canceled or (task.id is not null and task.due_at is null) as failed,
            case when known.canceled then 'canceled' else task.error->>'code' end as reason
     from generate_series(0, $3::integer - 1) as place
     join goblin.task_key as known
       on known.owner = current_user and known.kind = $1 and known.key = $2 || '/' || place
         and coalesce(known.tenant, $4) = $4
     left join goblin.task on task.id = known.task
     order by place`,
    [kind, prefix, count, tenant ?? ''],
  );
  const failed = rows.filter((row) => row.failed);
  if (rows.some(({ finished, failed: dead }) => !finished && !dead)) return undefined;
  if (failed.length > 0 || rows.length < count) {
    const named = failed.slice(0, NAMED);
    const names = named.map(({ id, reason }) => `${id} (${reason})`).join(', ');
    throw new GoblinError('FAILED_PRECONDITION', {
      message: `${count - rows.length + failed.length} of ${count} children ${kind} are dead or canceled: ${names}`,
      data: { children: named.map(({ id }) => id) },
    });
  }
  return rows.map(({ output }) => output);
}
