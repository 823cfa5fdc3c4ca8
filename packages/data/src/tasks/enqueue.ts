/** Adds prepared tasks to the table, in one statement. */
import { context, formatTraceparent } from '@goblin/core';
import type { Queryable } from '../database/queryable.ts';

/** A task that has been checked and is about to be added. */
export interface NewTask {
  readonly kind: string;
  readonly key: string | undefined;
  /** JSON. */
  readonly input: string;
  readonly delayMs: number;
  readonly at: Date | undefined;
  /** The negative of its priority. */
  readonly rank: number;
  readonly lane: string;
  /** Whose it is. With the kind and the key it makes out which task it is. */
  readonly tenant: string | undefined;
  readonly traceparent: string | undefined;
}

/** What a task takes over from the context in which it is enqueued. */
export type Origin = Pick<NewTask, 'tenant' | 'traceparent'>;

export function originHere(): Origin {
  const { trace, tenant } = context.current;
  return { tenant, traceparent: trace ? formatTraceparent(trace) : undefined };
}

export interface AddOptions {
  /** The task that waits for them. */
  readonly parent?: number;
  /** How long the statement may wait for another transaction that is adding one of the keys, in milliseconds. Default: as long
   * as any statement. @throws CONFLICT after that */
  readonly patienceMs?: number;
}

export interface Enqueued {
  readonly id: number;
  readonly key: string | undefined;
  /** False: there was a task with this key already, and it is that one. */
  readonly isNew: boolean;
}

export async function addTasks(
  at: Queryable,
  tasks: readonly NewTask[],
  { parent, patienceMs }: AddOptions = {},
): Promise<Enqueued[]> {
  const rows = await at.many<{ place: number; id: number; is_new: boolean }>(
    'select * from goblin.add_tasks($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)',
    [
      tasks.map(({ kind }) => kind),
      tasks.map(({ key }) => key ?? null),
      tasks.map(({ input }) => input),
      tasks.map(({ delayMs }) => delayMs),
      tasks.map(({ at: time }) => time ?? null),
      tasks.map(({ rank }) => rank),
      tasks.map(({ lane }) => lane),
      tasks.map(({ tenant }) => tenant ?? null),
      tasks.map(({ traceparent }) => traceparent ?? null),
      parent ?? null,
      patienceMs ?? null,
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
