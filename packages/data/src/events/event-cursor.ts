/** The cursor of a group that forwards events rather than handling them: one lane, moved when what was read has arrived. */
import type { Database } from '../database/database.ts';
import type { Transaction } from '../database/transaction.ts';
import { EVENT_COLUMNS, type EventRow, type Position } from './event-row.ts';

export type { EventRow, Position } from './event-row.ts';

const MINE = 'owner = current_user and consumer = $1 and type = $2';
const SETTLED = 'pg_snapshot_xmin(pg_current_snapshot())';

/** Makes the group's cursor where there is none. */
export async function makeCursor(
  db: Database,
  group: string,
  type: string,
  from: 'beginning' | 'now',
): Promise<void> {
  await db.query('select goblin.set_event_lanes($1, $2, $3, 1)', [group, type, from === 'now']);
}

/** Whether there are events to read now (`ready`), or some that wait for an older transaction to end (`soon`). */
export function look(db: Database, group: string, type: string): Promise<{ ready: boolean; soon: boolean }> {
  return db.one(
    `select look.ready, look.soon
     from goblin.event_cursor as cursor, goblin.look_at_event_lane($1, $2, cursor.generation, cursor.lane) as look
     where ${MINE}`,
    [group, type],
  );
}

/** Where the group stands, for this transaction alone; undefined while another process has it. */
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
    `select ${EVENT_COLUMNS} from goblin.read_events($1, $2, $3, null, null, ${SETTLED}, 0, 1, $4) as event
     order by event.xid, event.id`,
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
