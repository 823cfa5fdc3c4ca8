/** For those who operate: see tasks, count them, cancel them, try dead ones again. All of it is about the tasks of the
 * database's own role. */
import type { Database } from '../database/database.ts';
import { sql } from '../database/sql.ts';
import type { Transaction } from '../database/transaction.ts';
import { matches, STATE, type TaskFilter, type TaskState } from './task-filter.ts';
import { tellCanceled, wakeWorkers } from './wake-up.ts';

const DEFAULT_LISTED = 100;
const MAX_LISTED = 1_000;
/** Tasks that one statement cancels or replays. */
const BATCH = 1_000;
/** How often one is run again that a task being finished got in the way of. */
const RETRIES = 5;

export interface TaskView {
  readonly id: number;
  readonly kind: string;
  readonly key: string | null;
  readonly state: TaskState;
  readonly lane: string;
  readonly priority: number;
  readonly attempt: number;
  /** When it is ready, or until when it is leased; null when it is dead or waits without an end. */
  readonly dueAt: Date | null;
  readonly enqueuedAt: Date;
  /** The process that holds it: `<host>/<pid>/<loop>`. */
  readonly worker: string | null;
  /** `sleep`, `children` or `signal <name>` */
  readonly waitsFor: string | null;
  readonly progress: number | null;
  readonly note: string | null;
  /** Of the last failure. */
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly failedAt: Date | null;
  readonly parent: number | null;
  readonly tenant: string | null;
  readonly input: unknown;
}

/** The tasks that match, oldest first, from after an id on. */
export function listTasks(
  db: Database,
  filter: TaskFilter = {},
  page: { readonly limit?: number; readonly after?: number } = {},
): Promise<TaskView[]> {
  const limit = Math.min(page.limit ?? DEFAULT_LISTED, MAX_LISTED);
  return db.many<TaskView>(sql`
    select id, kind, key, ${STATE} as state, lane, -rank as priority, attempt, nullif(due_at, 'infinity') as "dueAt",
           enqueued_at as "enqueuedAt", worker, waits_for as "waitsFor", progress::float8 as progress, note, error,
           failed_at as "failedAt", parent, tenant, input
    from goblin.task
    where ${matches(filter)} and id > ${page.after ?? 0}
    order by id
    limit ${limit}`);
}

export interface TaskCount {
  readonly kind: string;
  readonly ready: number;
  readonly running: number;
  readonly delayed: number;
  readonly waiting: number;
  readonly dead: number;
  /** For how long the oldest ready task has been ready. */
  readonly oldestSeconds: number | null;
}

/** How many tasks there are of each kind. It reads all of them: a million take about half a second. */
export function countTasks(db: Database, filter: TaskFilter = {}): Promise<TaskCount[]> {
  return db.many<TaskCount>(sql`
    select kind,
           count(*) filter (where state = 'ready') as ready,
           count(*) filter (where state = 'running') as running,
           count(*) filter (where state = 'delayed') as delayed,
           count(*) filter (where state = 'waiting') as waiting,
           count(*) filter (where state = 'dead') as dead,
           extract(epoch from goblin.task_now() - min(due_at) filter (where state = 'ready'))::float8 as "oldestSeconds"
    from (select kind, due_at, ${STATE} as state from goblin.task where ${matches(filter)}) as task
    group by kind
    order by kind`);
}

/** Takes the tasks that match away, with their children; handlers that run see their signal aborted. Answers how many. */
export function cancelTasks(db: Database, filter: TaskFilter): Promise<number> {
  return inBatches(db, filter, async (tx, ids) => {
    const { canceled, woken } = await tx.one<{ canceled: number; woken: string[] | null }>(
      'select * from goblin.cancel_tasks($1)',
      [ids],
    );
    if (woken) wakeWorkers(tx, woken);
    tellCanceled(tx);
    return canceled;
  });
}

/** Lets dead tasks that match be tried again, from their first attempt; finished steps are not done again. Answers
 * how many. */
export function replayTasks(db: Database, filter: Omit<TaskFilter, 'state'> = {}): Promise<number> {
  return inBatches(db, { ...filter, state: 'dead' }, async (tx, ids) => {
    const { replayed, woken } = await tx.one<{ replayed: number; woken: string[] | null }>(
      'select * from goblin.replay_tasks($1)',
      [ids],
    );
    if (woken) wakeWorkers(tx, woken);
    return replayed;
  });
}

/** Those that match now: what is added meanwhile, or dies again, is not met twice. */
async function inBatches(
  db: Database,
  filter: TaskFilter,
  change: (tx: Transaction, ids: readonly number[]) => Promise<number>,
): Promise<number> {
  let total = 0;
  const { last } = await db.one<{ last: number }>(
    sql`select coalesce(max(id), 0) as last from goblin.task where ${matches(filter)}`,
  );
  for (let after = 0; after < last; ) {
    const rows = await db.many<{ id: number }>(
      sql`select id from goblin.task where ${matches(filter)} and id > ${after} and id <= ${last} order by id limit ${BATCH}`,
    );
    if (rows.length === 0) break;
    total += await db.transaction(
      (tx) =>
        change(
          tx,
          rows.map(({ id }) => id),
        ),
      { retrySerialization: RETRIES },
    );
    after = rows.at(-1)!.id;
  }
  return total;
}
