/** The SQL of schedules: platform/schema/0005_schedules.sql. */
import type { Database } from '../database/database.ts';
import type { Queryable } from '../database/queryable.ts';
import { type Statement, sql } from '../database/sql.ts';
import type { Transaction } from '../database/transaction.ts';
import type { Missed, Plan } from './plan.ts';
import { firstSlot } from './slots.ts';
import type { ScheduleSpec } from './spec.ts';

/** Which schedule: its name is unique within a service. */
export interface ScheduleId {
  readonly service: string;
  readonly name: string;
}

export interface NewSchedule extends ScheduleId {
  readonly kind: string;
  readonly spec: ScheduleSpec;
  readonly missed: Missed;
}

/** A schedule that is to be taken now. */
export interface DueSchedule {
  readonly spec: ScheduleSpec;
  readonly missed: Missed;
  readonly paused: boolean;
  readonly lastSlot: Date | null;
  readonly nextSlot: Date | null;
  readonly askedAt: Date | null;
  readonly now: Date;
}

const DUE = sql`(run_asked_at is not null or (not paused and next_slot <= goblin.task_now()))`;

/** Makes it, or gives it another specification, which counts from now on; the same one goes on where it was. */
export async function keepSchedule(at: Queryable, schedule: NewSchedule): Promise<void> {
  const { service, name, kind, spec, missed } = schedule;
  const first = firstSlot(spec, (await databaseNow(at)).getTime());
  await at.query(sql`
    insert into goblin.schedule (service, name, kind, spec, missed, next_slot, seen_at)
    values (${service}, ${name}, ${kind}, ${JSON.stringify(spec)}::jsonb, ${missed}, ${dated(first)}, goblin.task_now())
    on conflict (owner, service, name) do update
    set kind = excluded.kind, spec = excluded.spec, missed = excluded.missed, seen_at = excluded.seen_at,
        next_slot = case when schedule.spec = excluded.spec then schedule.next_slot else excluded.next_slot end`);
}

export async function databaseNow(at: Queryable): Promise<Date> {
  return (await at.one<{ now: Date }>('select goblin.task_now() as now')).now;
}

/** In how many milliseconds it is due, 0 and below: now; undefined: nothing is to come. */
export async function dueInMs(db: Database, id: ScheduleId): Promise<number | undefined> {
  const row = await db.maybeOne<{ ms: number | null }>(sql`
    select case when ${DUE} then 0
                when not paused then extract(epoch from next_slot - goblin.task_now())::float8 * 1000 end as ms
    from goblin.schedule where ${mine(id)}`);
  return row?.ms ?? undefined;
}

export async function markSeen(db: Database, id: ScheduleId): Promise<void> {
  await db.query(sql`update goblin.schedule set seen_at = goblin.task_now() where ${mine(id)}`);
}

/** The schedule, for this transaction alone; undefined when it is not due, or another process takes it. */
export function lockDue(tx: Transaction, id: ScheduleId): Promise<DueSchedule | undefined> {
  return tx.maybeOne<DueSchedule>(sql`
    select spec, missed, paused, last_slot as "lastSlot", next_slot as "nextSlot", run_asked_at as "askedAt",
           goblin.task_now() as now
    from goblin.schedule where ${mine(id)} and ${DUE} for update skip locked`);
}

/** The slots of the plan are taken, or, without a plan, only the run that was asked for. */
export async function moveOn(tx: Transaction, id: ScheduleId, plan: Plan | undefined): Promise<void> {
  const slots = plan
    ? sql`, last_slot = coalesce(${dated(plan.last)}, last_slot), next_slot = ${dated(plan.next)}`
    : sql``;
  await tx.query(sql`update goblin.schedule set run_asked_at = null ${slots} where ${mine(id)}`);
}

function mine({ service, name }: ScheduleId): Statement {
  return sql`owner = current_user and service = ${service} and name = ${name}`;
}

export function dated(ms: number | undefined): Date | null {
  return ms === undefined ? null : new Date(ms);
}
