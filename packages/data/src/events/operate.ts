/** For those who operate: where the groups of consumers stand, and events as they come. */
import { sleep } from '@goblin/core';
import type { Database } from '../database/database.ts';
import { sql } from '../database/sql.ts';
import { endOfEvents, type Position } from './event-row.ts';

/** Counting a lag stops here. */
export const MAX_COUNTED_LAG = 10_000;
const LOOK_MS = 250;
const BATCH = 500;

export interface EventGroup {
  /** The role that consumes. */
  readonly owner: string;
  readonly group: string;
  readonly type: string;
  /** Lanes that it works in. */
  readonly lanes: number;
  /** Events that it has not handled, counted up to 10,000 in each lane. */
  readonly lag: number;
  /** For how long the oldest of them has been there. */
  readonly lagSeconds: number | null;
  /** Events that are parked. */
  readonly parked: number;
}

/** The groups that the database's role may see: a service its own, an owner of the database all. */
export function listEventGroups(db: Database): Promise<EventGroup[]> {
  return db.many<EventGroup>(sql`
    select owner, consumer as "group", type, max(lanes) as lanes, sum(behind.lag)::int8 as lag, max(behind.seconds) as "lagSeconds",
           (
             select count(*) from goblin.event_parked as parked
             where parked.owner = cursor.owner and parked.consumer = cursor.consumer and parked.type = cursor.type
           ) as parked
    from goblin.event_cursor as cursor,
    lateral (
      select count(*) as lag, extract(epoch from now() - min(published_at))::float8 as seconds
      from (
        select published_at from goblin.event
        where event.type = cursor.type and (event.xid, event.id) > (cursor.xid, cursor.id)
          and ((event.xid, event.id) <= (cursor.until_xid, cursor.until_id)) is not false
          and goblin.event_lane(event.key, event.id, cursor.lanes) = cursor.lane
        order by event.xid, event.id limit ${MAX_COUNTED_LAG}
      ) as unhandled
    ) as behind
    group by type, owner, consumer
    order by type, owner, consumer`);
}

export interface EventView {
  readonly id: number;
  readonly type: string;
  readonly version: number;
  readonly key: string | null;
  readonly payload: unknown;
  readonly publishedAt: Date;
  readonly source: string;
  readonly tenant: string | null;
}

export interface TailOptions {
  readonly type?: string | undefined;
  /** Events published before it are left out. Default: now. */
  readonly since?: Date | undefined;
}

/** Events in the order in which consumers get them, of all types or one, until the signal is aborted. */
export async function* tailEvents(
  db: Database,
  { type, since }: TailOptions,
  signal: AbortSignal,
): AsyncGenerator<EventView> {
  // What lies before it has been read once the history is through, and what comes lies after it.
  const begun = await endOfEvents(db);
  let after: Position = since ? { xid: '0', id: 0 } : begun;
  while (!signal.aborted) {
    const rows = await readAfter(db, type, after, since);
    for (const { xid: _, ...event } of rows) yield event;
    after = rows.at(-1) ?? after;
    if (rows.length === BATCH) continue;
    if (BigInt(after.xid) < BigInt(begun.xid)) after = begun;
    await sleep(LOOK_MS, signal).catch(() => {});
  }
}

/** Type by type, since that is how they are indexed. */
function readAfter(
  db: Database,
  type: string | undefined,
  { xid, id }: Position,
  since: Date | undefined,
): Promise<(EventView & Position)[]> {
  const types =
    type === undefined
      ? sql`(with recursive known as (
               (select type from goblin.event order by type limit 1)
               union all
               select (select event.type from goblin.event where event.type > known.type order by event.type limit 1)
               from known where known.type is not null
             ) select type from known where type is not null)`
      : sql`(select ${type}::text as type)`;
  return db.many<EventView & Position>(sql`
    select told.xid::text, told.id, told.type, told.version, told.key, told.payload, told.published_at as "publishedAt", told.source, told.tenant
    from ${types} as types,
    lateral (
      select * from goblin.event
      where event.type = types.type and (event.xid, event.id) > (${xid}::xid8, ${id}::bigint)
        and event.xid < pg_snapshot_xmin(pg_current_snapshot())
        and event.published_at >= coalesce(${since ?? null}::timestamptz, '-infinity')
      order by event.xid, event.id limit ${BATCH}
    ) as told
    order by told.xid, told.id limit ${BATCH}`);
}
