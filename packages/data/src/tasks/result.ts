/** What became of a task, by its key and the tenant of the context. */
import { context, parse, type Schema, type SchemaOutput } from '@goblin/core';
import type { Queryable } from '../database/queryable.ts';

/** `pending` until it is done, `dead` or `canceled`. */
export type TaskResult<Output> =
  | { readonly state: 'pending' | 'dead' | 'canceled' }
  | { readonly state: 'done'; readonly output: Output };

export async function taskResult<O extends Schema>(
  at: Queryable,
  kind: string,
  key: string,
  schema: O | undefined,
): Promise<TaskResult<SchemaOutput<O>> | undefined> {
  const row = await at.maybeOne<{ state: TaskResult<unknown>['state']; output: unknown }>(
    `select output,
            case
              when canceled then 'canceled'
              when finished_at is not null then 'done'
              when task.due_at is null then 'dead'
              else 'pending'
            end as state
     from goblin.task_key as known left join goblin.task on task.id = known.task
     where known.owner = current_user and known.kind = $1 and known.key = $2
       and known.task = goblin.task_of_key($1, $2, $3)`,
    [kind, key, context.tenant ?? ''],
  );
  if (row?.state !== 'done') return row && { state: row.state };
  const output = schema ? await parse(schema, row.output, 'INTERNAL', `the output of ${kind}`) : undefined;
  return { state: 'done', output: output as SchemaOutput<O> };
}
