/** Events as they are read. See subscribe.ts for why they are ordered by (xid, id) and read only below the oldest
 * running transaction. */
import type { Database } from '../database/database.ts';

/** A place between two events. Transaction ids are 64 bits wide, so they travel as text. */
export interface Position {
  readonly xid: string;
  readonly id: number;
}

export interface EventRow extends Position {
  readonly version: number;
  readonly key: string | null;
  readonly payload: unknown;
  readonly published_at: Date;
  readonly source: string;
  readonly tenant: string | null;
  readonly traceparent: string | null;
}

/** Columns of an EventRow. */
export const EVENT_COLUMNS =
  'xid::text, id, version, key, payload, published_at, source, tenant, traceparent';

const SETTLED = 'pg_snapshot_xmin(pg_current_snapshot())';

/** Behind all that is settled: what comes lies after it. */
export function endOfEvents(db: Database): Promise<Position> {
  return db.one<Position>(`select ${SETTLED}::text as xid, 0 as id`);
}

/** The place before the first event, in order, that was published at the moment or later; undefined when there is none. */
export function placeAt(
  db: Pick<Database, 'maybeOne'>,
  type: string,
  moment: Date,
): Promise<Position | undefined> {
  return db.maybeOne<Position>(
    'select xid::text, id - 1 as id from goblin.event where type = $1 and published_at >= $2 order by event.xid, event.id limit 1',
    [type, moment],
  );
}

/** The events after a place, in order; and, where there are none, whether some wait for an older transaction to end. */
export async function readAfter(
  db: Database,
  type: string,
  after: Position,
  atMost: number,
): Promise<{ readonly rows: EventRow[]; readonly soon: boolean }> {
  const rows = await db.many<EventRow>(
    `select ${EVENT_COLUMNS} from goblin.read_events($1, $2, $3, null, null, ${SETTLED}, 0, 1, $4) as event
     order by event.xid, event.id`,
    [type, after.xid, after.id, atMost],
  );
  if (rows.length > 0) return { rows, soon: true };
  const { soon } = await db.one<{ soon: boolean }>(
    `select exists (select from goblin.event where type = $1 and (xid, id) > ($2::xid8, $3::bigint)) as soon`,
    [type, after.xid, after.id],
  );
  return { rows, soon };
}
