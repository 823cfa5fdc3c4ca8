/** The calls of the SQL functions that decide about tasks: platform/schema/0002_tasks.sql. */
import type { Database } from '../database/database.ts';
import type { Queryable } from '../database/queryable.ts';

/** What a worker got to do. */
export interface TaskRow {
  readonly id: number;
  readonly kind: string;
  readonly key: string | null;
  readonly lane: string;
  /** The negative of its priority. */
  readonly rank: number;
  readonly attempt: number;
  readonly fence: number;
  readonly ready_at: Date;
  /** Milliseconds since it became ready. */
  readonly age_ms: number;
  readonly stepped: boolean;
  readonly tenant: string | null;
  readonly traceparent: string | null;
  readonly input: unknown;
}

/** What proves that a worker holds a task. */
export interface Claim {
  readonly worker: string;
  readonly id: number;
  readonly fence: number;
}

/** What a claim has to know of a kind. */
export interface ClaimedKind {
  readonly kind: string;
  readonly leaseMs: number;
  readonly concurrency: number | undefined;
  readonly everyMs: number | undefined;
  readonly burst: number | undefined;
}

/** Where to look in a kind: see claim_tasks. */
export interface Place {
  /** The lane to go on after. */
  readonly after: string | undefined;
  /** The short cut: where the last tasks without a lane were. */
  readonly recent: { readonly rank: number; readonly since: Date } | undefined;
}

export interface Claimed {
  readonly rows: readonly TaskRow[];
  /** Per kind, where to look the next time. */
  readonly places: ReadonlyMap<string, Place>;
  /** When there will be more, as far as is known; 0 when there may be more now. */
  readonly nextInMs: number | undefined;
}

/** The row that ends a kind has a lane and an age only. */
type ClaimRow = TaskRow | { readonly id: null; kind: string; lane: string | null; age_ms: number | null };

/** @param search whether to look for all that is ready, or, where a kind has a short cut, only there. */
export async function claimTasks(
  db: Database,
  worker: string,
  kinds: readonly ClaimedKind[],
  places: ReadonlyMap<string, Place>,
  search: boolean,
  wanted: number,
): Promise<Claimed> {
  const rows = await db.many<ClaimRow>(
    'select * from goblin.claim_tasks($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)',
    [
      worker,
      kinds.map(({ kind }) => kind),
      kinds.map(({ leaseMs }) => leaseMs),
      kinds.map(({ concurrency }) => concurrency ?? null),
      kinds.map(({ everyMs }) => everyMs ?? null),
      kinds.map(({ burst }) => burst ?? null),
      kinds.map(({ kind }) => places.get(kind)?.after ?? null),
      kinds.map(({ kind }) => places.get(kind)?.recent?.rank ?? null),
      kinds.map(({ kind }) => places.get(kind)?.recent?.since ?? null),
      search,
      wanted,
    ],
  );
  const next = new Map(places);
  let nextInMs: number | undefined;
  const tasks: TaskRow[] = [];
  for (const row of rows) {
    const place = next.get(row.kind);
    if (row.id === null) {
      next.set(row.kind, { after: row.lane ?? undefined, recent: place?.recent });
      if (row.age_ms !== null) nextInMs = Math.min(nextInMs ?? row.age_ms, row.age_ms);
    } else {
      tasks.push(row);
      const { rank, lane, ready_at: since } = row;
      const known = place?.recent;
      if (lane === '' && (known === undefined || known.rank !== rank || known.since < since))
        next.set(row.kind, { after: place?.after, recent: { rank, since } });
    }
  }
  return { rows: tasks, places: next, nextInMs };
}

export interface Kept {
  readonly id: number;
  readonly fence: number;
  readonly leaseMs: number;
  readonly progress: number | undefined;
  readonly note: string | undefined;
}

/** Answers the ids of those that are still held. */
export async function keepTasks(db: Database, worker: string, kept: readonly Kept[]): Promise<Set<number>> {
  const rows = await db.many<{ id: number }>(
    'select * from goblin.keep_tasks($1, $2, $3, $4, $5, $6) as id',
    [
      worker,
      kept.map(({ id }) => id),
      kept.map(({ fence }) => fence),
      kept.map(({ leaseMs }) => leaseMs),
      kept.map(({ progress }) => progress ?? null),
      kept.map(({ note }) => note ?? null),
    ],
  );
  return new Set(rows.map(({ id }) => id));
}

export interface Finished {
  readonly id: number;
  readonly fence: number;
  /** JSON. */
  readonly output: string | undefined;
}

/** What a change has brought about: which tasks it was done to, and kinds whose tasks it has made ready. */
export interface Changed<Done> {
  readonly done: Done;
  readonly woken: readonly string[];
}

export async function finishTasks(
  at: Queryable,
  worker: string,
  finished: readonly Finished[],
): Promise<Changed<readonly number[]>> {
  const { done, woken } = await at.one<{ done: string[] | null; woken: string[] | null }>(
    'select done::text[], woken from goblin.finish_tasks($1, $2, $3, $4)',
    [
      worker,
      finished.map(({ id }) => id),
      finished.map(({ fence }) => fence),
      finished.map(({ output }) => output ?? null),
    ],
  );
  return { done: (done ?? []).map(Number), woken: woken ?? [] };
}

export interface Failure {
  readonly code: string;
  readonly message: string;
}

/** Answers whether the task is still held, as the following ones do. */
export async function noteFailure(
  db: Database,
  { worker, id, fence }: Claim,
  failure: Failure,
): Promise<boolean> {
  const values = [worker, id, fence, JSON.stringify(failure)];
  return (await db.one<{ held: boolean }>('select goblin.note_failure($1, $2, $3, $4) as held', values)).held;
}

export async function retryTask(
  db: Database,
  { worker, id, fence }: Claim,
  delayMs: number,
  failure: Failure,
): Promise<boolean> {
  const values = [worker, id, fence, delayMs, JSON.stringify(failure)];
  return (await db.one<{ held: boolean }>('select goblin.retry_task($1, $2, $3, $4, $5) as held', values))
    .held;
}

export async function buryTask(
  db: Database,
  { worker, id, fence }: Claim,
  failure: Failure,
): Promise<Changed<boolean>> {
  const { done, woken } = await db.one<{ done: boolean; woken: string[] | null }>(
    'select * from goblin.bury_task($1, $2, $3, $4)',
    [worker, id, fence, JSON.stringify(failure)],
  );
  return { done, woken: woken ?? [] };
}

export async function handBackTasks(db: Database, worker: string, claims: readonly Claim[]): Promise<void> {
  await db.query('select goblin.hand_back_tasks($1, $2, $3)', [
    worker,
    claims.map(({ id }) => id),
    claims.map(({ fence }) => fence),
  ]);
}

/** @param untilMs milliseconds since the Unix epoch, on the database's clock; undefined: for ever. */
export async function parkTask(
  db: Database,
  { worker, id, fence }: Claim,
  waitsFor: string,
  untilMs: number | undefined,
  inbox: number,
): Promise<boolean> {
  return (
    await db.one<{ held: boolean }>(
      'select goblin.park_task($1, $2, $3, $4, to_timestamp($5::float8 / 1000), $6) as held',
      [worker, id, fence, waitsFor, untilMs ?? null, inbox],
    )
  ).held;
}

/** Answers what is remembered under the name, as JSON does; undefined when the task is not held any more. */
export function rememberStep(
  at: Queryable,
  { worker, id, fence }: Claim,
  name: string,
  result: string,
): Promise<{ readonly result: unknown } | undefined> {
  return at.maybeOne('select result from goblin.remember_step($1, $2, $3, $4, $5) as result', [
    worker,
    id,
    fence,
    name,
    result,
  ]);
}

export interface Memory {
  /** The database's clock, in milliseconds since the Unix epoch. */
  readonly nowMs: number;
  readonly inbox: number;
  readonly steps: Map<string, unknown>;
}

/** All that a task remembers. */
export async function recall(db: Database, id: number): Promise<Memory> {
  const rows = await db.many<{ now_ms: number; inbox: number; name: string | null; result: unknown }>(
    `select extract(epoch from goblin.task_now())::float8 * 1000 as now_ms, inbox, name, result
     from goblin.task left join goblin.task_step as step on step.task = task.id
     where task.id = $1 and task.owner = current_user`,
    [id],
  );
  const steps = new Map<string, unknown>();
  for (const { name, result } of rows) if (name !== null) steps.set(name, result);
  return { nowMs: rows[0]?.now_ms ?? 0, inbox: rows[0]?.inbox ?? 0, steps };
}
