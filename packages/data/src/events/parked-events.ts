/** The SQL of parking. An event that a group has failed at too often is put aside with the error, and the group goes on. Events of
 * the same key that come later are put behind it, untried, so that the key keeps its order; they are tried one by one as soon
 * as those before them are done. All of it happens while the transaction holds the lane that the key falls into. */
import type { Database } from '../database/database.ts';
import type { Transaction } from '../database/transaction.ts';
import { EVENT_COLUMNS, type EventRow } from './event-row.ts';
import type { HeldLane, Lane } from './lane.ts';

const OF_GROUP = 'owner = current_user and consumer = $1 and type = $2';
const COPIED = 'xid, id, version, key, payload, published_at, source, tenant, traceparent';

export interface ParkedRow extends EventRow {
  readonly attempts: number;
}

/** Puts aside the event at which the lane has failed. */
export function park(tx: Transaction, { group, type, generation, lane }: Lane, row: EventRow): Promise<void> {
  return copy(tx, group, type, row, 'cursor.attempts, cursor.error', [generation, lane]);
}

/** Puts an event behind another one of its key. One that is parked already stays as it is. */
export function putBehind(tx: Transaction, { group, type }: Lane, row: EventRow): Promise<void> {
  return copy(tx, group, type, row, '0, null', []);
}

async function copy(
  tx: Transaction,
  group: string,
  type: string,
  { xid, id }: EventRow,
  state: string,
  lane: readonly number[],
): Promise<void> {
  const cursor =
    lane.length > 0
      ? `join goblin.event_cursor as cursor
           on owner = current_user and consumer = $1 and cursor.type = $2 and generation = $5 and lane = $6`
      : '';
  await tx.query(
    `insert into goblin.event_parked (consumer, type, ${COPIED}, attempts, error)
     select $1, event.type, ${COPIED.replaceAll(/\w+/g, 'event.$&')}, ${state}
     from goblin.event ${cursor}
     where event.type = $2 and event.xid = $3::xid8 and event.id = $4::bigint
     on conflict do nothing`,
    [group, type, xid, id, ...lane],
  );
}

/** Those of the lane that are to be tried now. At most one of each key is. */
export function dueParked(
  tx: Transaction,
  { group, type, lane }: Lane,
  { lanes }: HeldLane,
  atMost: number,
): Promise<ParkedRow[]> {
  return tx.many<ParkedRow>(
    `select ${EVENT_COLUMNS}, attempts from goblin.event_parked as parked
     where ${OF_GROUP} and retry_at <= clock_timestamp() and goblin.event_lane(key, id, $3) = $4
     order by retry_at limit $5`,
    [group, type, lanes, lane, atMost],
  );
}

/** Takes one away that was handled; the next one of its key is to be tried then. */
export async function unpark(tx: Transaction, { group, type }: Lane, { id, key }: ParkedRow): Promise<void> {
  await tx.query(`delete from goblin.event_parked where ${OF_GROUP} and id = $3`, [group, type, id]);
  if (key === null) return;
  await tx.query(
    `update goblin.event_parked set retry_at = clock_timestamp()
     where ${OF_GROUP} and error is null
       and id = (select id from goblin.event_parked where ${OF_GROUP} and key = $3 order by xid, id limit 1)`,
    [group, type, key],
  );
}

/** Notes that a parked event has failed again: it is tried again after a pause (see noteFailure in lane.ts), or after so many
 * attempts when somebody says so. Answers how often it has failed; undefined when it is gone. */
export async function noteParkedFailure(
  db: Database,
  { group, type }: Lane,
  { id }: EventRow,
  error: unknown,
  pauseMs: number,
  maxPauseMs: number,
  maxAttempts: number,
): Promise<number | undefined> {
  const row = await db.maybeOne<{ attempts: number }>(
    `update goblin.event_parked
     set error = $4, attempts = attempts + 1,
         retry_at = case when attempts + 1 < $7::float8 then clock_timestamp() + interval '1 ms'
           * least($5::float8 * power(2, least(attempts, 30)), $6::float8) end
     where ${OF_GROUP} and id = $3
     returning attempts`,
    [group, type, id, JSON.stringify(error), pauseMs, maxPauseMs, maxAttempts],
  );
  return row?.attempts;
}
