/** Adds prepared tasks to the table, in one statement. */
import type { Queryable } from '../database/queryable.ts';

/** A task that has been checked and is about to be added. */
export interface NewTask {
  readonly key: string | undefined;
  /** JSON. */
  readonly input: string;
  readonly delayMs: number;
  readonly at: Date | undefined;
  /** The negative of its priority. */
  readonly rank: number;
  readonly lane: string;
}

/** What all of them share. */
export interface Origin {
  readonly tenant: string | undefined;
  readonly traceparent: string | undefined;
  readonly parent: number | undefined;
}

export interface Enqueued {
  readonly id: number;
  readonly key: string | undefined;
  /** False: there was a task with this key already, and it is that one. */
  readonly isNew: boolean;
}

export async function addTasks(
  at: Queryable,
  kind: string,
  tasks: readonly NewTask[],
  origin: Origin,
): Promise<Enqueued[]> {
  const rows = await at.many<{ place: number; id: number; is_new: boolean }>(
    'select * from goblin.enqueue_tasks($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)',
    [
      kind,
      tasks.map(({ key }) => key ?? null),
      tasks.map(({ input }) => input),
      tasks.map(({ delayMs }) => delayMs),
      tasks.map(({ at: time }) => time ?? null),
      tasks.map(({ rank }) => rank),
      tasks.map(({ lane }) => lane),
      origin.tenant ?? null,
      origin.traceparent ?? null,
      origin.parent ?? null,
    ],
  );
  const enqueued: Enqueued[] = new Array(tasks.length);
  for (const { place, id, is_new: isNew } of rows) {
    // Of one key twice in a batch, the first is the new one.
    const { key } = tasks[place - 1]!;
    if (!enqueued[place - 1] || isNew) enqueued[place - 1] = { id, key, isNew };
  }
  return enqueued;
}
