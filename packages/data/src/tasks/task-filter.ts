/** Which tasks are meant: by what they are, in what state, with what error. What is not given does not matter. */
import { type Statement, sql } from '../database/sql.ts';

/** `ready`: could run now. `running`: a worker holds it. `delayed`: its time has not come, or the next attempt's. `waiting`: for
 * a signal, its children, or the end of a sleep. `dead`: no attempt is left. */
export type TaskState = 'ready' | 'running' | 'delayed' | 'waiting' | 'dead';

export interface TaskFilter {
  readonly kind?: string;
  readonly ids?: readonly number[];
  readonly keys?: readonly string[];
  readonly state?: TaskState;
  readonly lane?: string;
  readonly tenant?: string;
  /** The code of the last error. */
  readonly code?: string;
}

/** The state of a row of goblin.task. */
export const STATE: Statement = sql`case
  when due_at is null then 'dead'
  when due_at <= goblin.task_now() then 'ready'
  when worker is not null then 'running'
  when waits_for is not null then 'waiting'
  else 'delayed'
end`;

/** A condition on rows of goblin.task. */
export function matches(filter: TaskFilter): Statement {
  const { kind, ids, keys, state, lane, tenant, code } = filter;
  let condition = sql`owner = current_user`;
  const and = (more: Statement): void => {
    condition = sql`${condition} and ${more}`;
  };
  if (kind !== undefined) and(sql`kind = ${kind}`);
  if (ids) and(sql`id = any (${ids}::bigint[])`);
  if (keys) and(sql`key = any (${keys}::text[])`);
  // Said twice, so that the index of the dead is used.
  if (state === 'dead') and(sql`due_at is null`);
  if (state !== undefined) and(sql`${STATE} = ${state}`);
  if (lane !== undefined) and(sql`lane = ${lane}`);
  if (tenant !== undefined) and(sql`tenant = ${tenant}`);
  if (code !== undefined) and(sql`error->>'code' = ${code}`);
  return condition;
}
