/** The depth of queues as gauges. Counting stops at MAX_COUNTED, so that a queue of millions costs no more to watch. */
import type { Database } from '../database/database.ts';
import { routine } from '../database/routine.ts';
import type { TaskTelemetry } from './task-telemetry.ts';

const MAX_COUNTED = 10_000;

interface Depth {
  readonly kind: string;
  readonly ready: number;
  readonly delayed: number;
  readonly dead: number;
  readonly oldest_seconds: number | null;
}

/** Never rejects: a sample that cannot be taken is left out. */
export async function sampleQueues(
  db: Database,
  kinds: ReadonlyMap<string, { readonly telemetry: TaskTelemetry }>,
): Promise<void> {
  try {
    const depths = await routine(() =>
      db.many<Depth>(
        `select kind, ready, delayed, dead, oldest_seconds
         from unnest($1::text[]) as kind,
         lateral (
           select count(*) filter (where due_at <= goblin.task_now()) as ready,
                  count(*) filter (where due_at > goblin.task_now() and worker is null) as delayed,
                  extract(epoch from goblin.task_now() - min(due_at) filter (where due_at <= goblin.task_now()))::float8
                    as oldest_seconds
           from (
             select due_at, worker from goblin.task
             where owner = current_user and task.kind = kind.kind and due_at is not null
             order by lane, rank, due_at limit ${MAX_COUNTED}
           ) as counted
         ) as live,
         lateral (
           select count(*) as dead
           from (
             select from goblin.task where owner = current_user and task.kind = kind.kind and due_at is null
             limit ${MAX_COUNTED}
           ) as counted
         ) as buried`,
        [[...kinds.keys()]],
      ),
    );
    for (const { kind, ready, delayed, dead, oldest_seconds } of depths) {
      const { telemetry } = kinds.get(kind)!;
      telemetry.depth.set(ready);
      telemetry.delayed.set(delayed);
      telemetry.dead.set(dead);
      telemetry.oldest.set(oldest_seconds ?? 0);
    }
  } catch (error) {
    db.telemetry.log.debug({ err: error }, 'the depths of queues could not be sampled');
  }
}
