/** One task, with all that it remembers; and how fast kinds are done. For those who operate, like operate.ts. */
import type { Database } from '../database/database.ts';
import { sql } from '../database/sql.ts';
import { listTasks, type TaskView } from './operate.ts';

export interface RememberedStep {
  /** `step charge`, `signal paid`, `sleep 1` … */
  readonly name: string;
  readonly result: unknown;
}

export interface TaskDetail extends TaskView {
  /** In no particular order. */
  readonly steps: readonly RememberedStep[];
}

/** Undefined when there is no such task, or it has finished. */
export async function showTask(db: Database, id: number): Promise<TaskDetail | undefined> {
  const [task] = await listTasks(db, { ids: [id] });
  if (!task) return undefined;
  const steps = await db.many<RememberedStep>(
    sql`select name, result from goblin.task_step where owner = current_user and task = ${id} order by name`,
  );
  return { ...task, steps };
}

/** How many tasks of each kind have finished in the last minute, of those that have a key. */
export async function finishedLastMinute(db: Database): Promise<ReadonlyMap<string, number>> {
  const rows = await db.many<{ kind: string; count: number }>(sql`
    select kind, count(*) from goblin.task_key
    where owner = current_user and finished_at > goblin.task_now() - interval '1 minute' and not canceled
    group by kind`);
  return new Map(rows.map(({ kind, count }) => [kind, count]));
}
