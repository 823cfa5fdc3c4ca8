/** For those who operate: see schedules, pause them, let them go on, run one now. All of it is about the schedules that the
 * database's role may see: a service its own, an owner of the database all. */
import { GoblinError } from '@goblin/core';
import type { Database } from '../database/database.ts';
import { type Statement, sql } from '../database/sql.ts';
import { announce } from '../events/announcements.ts';
import type { Missed } from './plan.ts';
import { SEEN_MS, scheduleTopic } from './schedule.ts';
import { databaseNow, dated, type ScheduleId } from './schedule-table.ts';
import { nextSlot } from './slots.ts';
import type { ScheduleSpec } from './spec.ts';

/** Nobody runs it when nobody was heard of for so long. */
const ORPHANED_MS = 5 * SEEN_MS;

/** `orphaned`: no process runs it, because the service does not run or does not have it any more. `done`: no slot comes. */
export type ScheduleState = 'active' | 'paused' | 'orphaned' | 'done';

export interface ScheduleView extends ScheduleId {
  readonly state: ScheduleState;
  /** Of the tasks that run it. */
  readonly kind: string;
  readonly spec: ScheduleSpec;
  readonly missed: Missed;
  readonly lastSlot: Date | null;
  readonly nextSlot: Date | null;
  /** When a process that runs it was heard of, to the minute. */
  readonly seenAt: Date;
}

/** By service and name. */
export function listSchedules(db: Database): Promise<ScheduleView[]> {
  return db.many<ScheduleView>(sql`
    select service, name, kind, spec, missed, last_slot as "lastSlot", next_slot as "nextSlot", seen_at as "seenAt",
           case when paused then 'paused'
                when seen_at < goblin.task_now() - ${ORPHANED_MS}::float8 * interval '1 millisecond' then 'orphaned'
                when next_slot is null then 'done'
                else 'active' end as state
    from goblin.schedule order by service, name`);
}

/** Slots that pass from now on are not run, and are not made up for. @throws NOT_FOUND */
export async function pauseSchedule(db: Database, id: ScheduleId): Promise<void> {
  await change(db, id, sql`paused = true`);
}

/** The next slot is the first from now on; a one-off whose time has passed meanwhile is due at once. @throws NOT_FOUND */
export async function resumeSchedule(db: Database, id: ScheduleId): Promise<void> {
  const spec = await specOf(db, id);
  const next = nextSlot(spec, (await databaseNow(db)).getTime());
  const moved = 'at' in spec ? sql`` : sql`, next_slot = ${dated(next)}`;
  await change(db, id, sql`paused = false ${moved}`, sql`and paused`);
}

/** Asks a process that runs it for a run at once, besides its slots, also while it is paused; the slot that its handler gets is
 * now. Asking again before one has begun is asking once. @throws NOT_FOUND */
export async function runScheduleNow(db: Database, id: ScheduleId): Promise<void> {
  await change(db, id, sql`run_asked_at = goblin.task_now()`);
}

/** Forgets it; a process that still runs it makes it anew when it starts. @throws NOT_FOUND */
export async function removeSchedule(db: Database, id: ScheduleId): Promise<void> {
  const { count } = await db.query(sql`delete from goblin.schedule where ${is(id)}`);
  if (count === 0) throw notFound(id);
}

/** @param only which of those with this id, none of which need be: without, one that is not there is NOT_FOUND. Nothing
 * is looked up in that case: it may have come meanwhile, and would be taken for changed. */
async function change(db: Database, id: ScheduleId, to: Statement, only?: Statement): Promise<void> {
  const { count } = await db.query(sql`update goblin.schedule set ${to} where ${is(id)} ${only ?? sql``}`);
  if (count === 0 && !only) throw notFound(id);
  announce(db, scheduleTopic(id));
}

async function specOf(db: Database, id: ScheduleId): Promise<ScheduleSpec> {
  const [row] = await db.many<{ spec: ScheduleSpec }>(sql`select spec from goblin.schedule where ${is(id)}`);
  if (!row) throw notFound(id);
  return row.spec;
}

function is({ service, name }: ScheduleId): Statement {
  return sql`service = ${service} and name = ${name}`;
}

function notFound({ service, name }: ScheduleId): GoblinError {
  return new GoblinError('NOT_FOUND', {
    message: `the service ${service} has no schedule ${JSON.stringify(name)}`,
  });
}
