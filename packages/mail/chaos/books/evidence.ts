/** All that is known when everything has come to rest: what was asked for, what the database, the HTTP server and the mail servers
 * have of it, and the invariant log. */
import { type Database, sql } from '@goblin/data';
import type { Asked } from '../callers.ts';
import type { Blow } from '../killer.ts';
import { type BeforeResolution, type ListedMail, listAll } from '../settle.ts';
import { order } from '../work/definitions.ts';
import type { ChargeRecord } from '../world/charge-server.ts';
import type { Taken } from '../world/mail-servers.ts';
import type { World } from '../world/world.ts';

export interface Effect {
  readonly kind: string;
  readonly name: string;
  readonly task: number;
  readonly fence: number;
  readonly pid: number;
  readonly xid: string;
  readonly at: Date;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** One entry of the invariant log. */
export interface TaskChange {
  readonly seq: number;
  readonly task: number;
  readonly kind: string;
  readonly key: string | null;
  readonly change: 'INSERT' | 'UPDATE' | 'DELETE';
  /** Its time had come, or its lease had run out, when it was changed. */
  readonly wasDue: boolean | null;
  readonly dueAfter: string | null;
  readonly workerBefore: string | null;
  readonly workerAfter: string | null;
  readonly fenceBefore: number | null;
  readonly fenceAfter: number | null;
  readonly waitsFor: string | null;
  readonly xid: string;
  readonly at: Date;
}

/** A run of a step, or what a run of the workflow was told of it. */
export interface StepToken {
  readonly task: number;
  readonly step: string;
  readonly token: string;
  readonly pid: number;
  readonly at: Date;
}

export interface PublishedEvent {
  readonly id: number;
  readonly type: string;
  readonly name: string;
  /** Its place in the order in which groups hear. */
  readonly place: number;
}

export interface HeardEvent {
  readonly group: string;
  readonly event: number;
  readonly name: string;
  readonly pid: number;
  readonly at: Date;
}

export interface LeftTask {
  readonly kind: string;
  readonly key: string | null;
  readonly dead: boolean;
}

export interface Evidence {
  readonly asked: Asked;
  readonly effects: readonly Effect[];
  /** Task by task, each in the order in which it went. */
  readonly changes: readonly TaskChange[];
  readonly stepRuns: readonly StepToken[];
  readonly stepsSeen: readonly StepToken[];
  /** Results of orders by their names. */
  readonly results: ReadonlyMap<string, unknown>;
  readonly charges: readonly ChargeRecord[];
  readonly mails: readonly ListedMail[];
  readonly taken: readonly Taken[];
  readonly mailsBefore: BeforeResolution;
  /** What did not come to rest. */
  readonly stuck: string | undefined;
  readonly published: readonly PublishedEvent[];
  /** Group by group in the order in which they heard. */
  readonly heard: readonly HeardEvent[];
  /** The same at the branch, where there is one. */
  readonly branch: Pick<Evidence, 'published' | 'heard'> | undefined;
  readonly leftTasks: readonly LeftTask[];
  readonly leftSteps: number;
  readonly blows: readonly Blow[];
}

export async function gather(
  { db, mail, charges, branch }: World,
  known: Pick<Evidence, 'asked' | 'mailsBefore' | 'stuck' | 'blows'>,
): Promise<Evidence> {
  return {
    ...known,
    effects: await db.many<Effect>(
      'select kind, name, task, fence, pid, xid::text, at, detail from effect order by at',
    ),
    changes: await db.many<TaskChange>(`
      select seq, task, kind, key, change, due_before <= at as "wasDue", due_after::text as "dueAfter",
             worker_before as "workerBefore", worker_after as "workerAfter", fence_before as "fenceBefore",
             fence_after as "fenceAfter", waits_for as "waitsFor", xid::text, at
      from goblin_watch.task_change order by task, seq`),
    stepRuns: await db.many<StepToken>('select task, step, token, pid, at from step_run order by at'),
    stepsSeen: await db.many<StepToken>('select task, step, token, pid, at from step_seen order by at'),
    results: await resultsOf(db, known.asked.order),
    charges: await charges(),
    mails: await listAll(db),
    taken: mail.taken(),
    ...(await eventsOf(db)),
    branch: branch && (await eventsOf(branch.db)),
    leftTasks: await db.many<LeftTask>('select kind, key, due_at is null as dead from goblin.task'),
    leftSteps: (await db.one<{ count: number }>(sql`select count(*) from goblin.task_step`)).count,
  };
}

async function eventsOf(db: Database): Promise<Pick<Evidence, 'published' | 'heard'>> {
  return {
    published: await db.many<PublishedEvent>(`
      select id, type, payload->>'name' as name, row_number() over (order by xid, id) as place
      from goblin.event where type like 'chaos.%'`),
    heard: await db.many<HeardEvent>(
      'select consumer as "group", event, name, pid, at from heard order by consumer, seq',
    ),
  };
}

async function resultsOf(db: Database, names: Iterable<string>): Promise<Map<string, unknown>> {
  const results = new Map<string, unknown>();
  for (const name of names) {
    const result = await order.result(db, name);
    results.set(name, result?.state === 'done' ? result.output : result?.state);
  }
  return results;
}
