/** The SQL of consuming: where a group stands among the events of a type, and what comes next. See subscribe.ts for
 * why events are ordered by (xid, id) and read only below the oldest running transaction. */
import type { Database } from '../database/database.ts';
import type { Transaction } from '../database/transaction.ts';

/** A place between two events. Transaction ids are 64 bits wide, so they travel as text. */
export interface Position {
  readonly xid: string;
  readonly id: number;
}

export interface EventRow extends Position {
  readonly payload: unknown;
  readonly published_at: Date;
  readonly source: string;
  readonly tenant: string | null;
  readonly traceparent: string | null;
}

const MINE = 'owner = current_user and consumer = $1 and type = $2';
const SETTLED = 'xid < pg_snapshot_xmin(pg_current_snapshot())';

/** Makes the group's cursor where there is none. */
export async function makeCursor(
  db: Database,
  group: string,
  type: string,
  from: 'beginning' | 'now',
): Promise<void> {
  const xid = from === 'now' ? 'pg_snapshot_xmin(pg_current_snapshot())' : `'0'::xid8`;
  await db.query(
    `insert into goblin.event_cursor (consumer, type, xid, id) values ($1, $2, ${xid}, 0) on conflict do nothing`,
    [group, type],
  );
}

/** Whether there are events to handle now (`ready`), or some that wait for an older transaction to end (`soon`).
 * Reads only, so that a consumer with nothing to do costs the database little. */
export function look(db: Database, group: string, type: string): Promise<{ ready: boolean; soon: boolean }> {
  const after = 'event.type = cursor.type and (event.xid, event.id) > (cursor.xid, cursor.id)';
  return db.one(
    `select exists (select from goblin.event where ${after} and event.${SETTLED}) as ready,
            exists (select from goblin.event where ${after} and not event.${SETTLED}) as soon
     from goblin.event_cursor as cursor where ${MINE}`,
    [group, type],
  );
}

/** Where the group stands, for this transaction alone; undefined while another consumer works. */
export function lockCursor(tx: Transaction, group: string, type: string): Promise<Position | undefined> {
  return tx.maybeOne<Position>(
    `select xid::text, id from goblin.event_cursor where ${MINE} for update skip locked`,
    [group, type],
  );
}

export function readEvents(
  tx: Transaction,
  type: string,
  after: Position,
  atMost: number,
): Promise<EventRow[]> {
  return tx.many<EventRow>(
    `select xid::text, id, payload, published_at, source, tenant, traceparent
     from goblin.event
     where type = $1 and (xid, id) > ($2::xid8, $3::bigint) and ${SETTLED}
     order by event.xid, event.id
     limit $4`,
    [type, after.xid, after.id, atMost],
  );
}

export async function moveCursor(tx: Transaction, group: string, type: string, to: Position): Promise<void> {
  await tx.query(`update goblin.event_cursor set xid = $3::xid8, id = $4 where ${MINE}`, [
    group,
    type,
    to.xid,
    to.id,
  ]);
}
