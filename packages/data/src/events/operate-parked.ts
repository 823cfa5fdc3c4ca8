/** For those who operate: see parked events, try them again, or give them up. The database's role says whose: a service its own, an
 * owner of the database those of all. */
import type { Database } from '../database/database.ts';
import { type Statement, sql } from '../database/sql.ts';
import { announce } from './announcements.ts';

const DEFAULT_LISTED = 100;
const MAX_LISTED = 1_000;

export interface ParkedEvent {
  /** The role that consumes. */
  readonly owner: string;
  readonly group: string;
  readonly type: string;
  readonly id: number;
  readonly version: number;
  readonly key: string | null;
  readonly payload: unknown;
  readonly publishedAt: Date;
  readonly source: string;
  readonly tenant: string | null;
  readonly parkedAt: Date;
  /** `failed`: too often; `behind` one of its key, untried; `due`: to be tried again. */
  readonly state: 'failed' | 'behind' | 'due';
  readonly attempts: number;
  /** Of the last failure. */
  readonly error: { readonly code: string; readonly message: string } | null;
}

export interface ParkedFilter {
  readonly owner?: string | undefined;
  readonly type?: string | undefined;
  readonly group?: string | undefined;
  readonly ids?: readonly number[] | undefined;
}

function matches({ owner, type, group, ids }: ParkedFilter): Statement {
  return sql`owner = coalesce(${owner ?? null}::name, owner) and type = coalesce(${type ?? null}, type)
    and consumer = coalesce(${group ?? null}, consumer) and (${ids ?? null}::bigint[] is null or id = any (${ids ?? null}))`;
}

/** Parked events in the order in which they were published, from after an id on. */
export function listParkedEvents(
  db: Database,
  filter: ParkedFilter = {},
  page: { readonly limit?: number | undefined; readonly after?: number | undefined } = {},
): Promise<ParkedEvent[]> {
  return db.many<ParkedEvent>(sql`
    select owner, consumer as "group", type, id, version, key, payload, published_at as "publishedAt", source, tenant,
           parked_at as "parkedAt", attempts, error,
           case when retry_at is not null then 'due' when error is null then 'behind' else 'failed' end as state
    from goblin.event_parked
    where ${matches(filter)} and id > ${page.after ?? 0}
    order by id, owner, consumer
    limit ${Math.min(page.limit ?? DEFAULT_LISTED, MAX_LISTED)}`);
}

/** Lets those that failed be tried again, from their first attempt; those behind them follow when they are done. Answers how
 * many failed ones matched: to try one that waits behind another, try that one. */
export async function retryParkedEvents(db: Database, filter: ParkedFilter = {}): Promise<number> {
  const rows = await db.many<{ type: string }>(sql`
    update goblin.event_parked set retry_at = clock_timestamp(), attempts = 0
    where ${matches(filter)} and error is not null
    returning type`);
  for (const type of new Set(rows.map((row) => row.type))) announce(db, type);
  return rows.length;
}

/** Gives parked events up: their groups never handle them. Those behind them follow. Answers how many. Waits for handlers that are
 * at work. */
export async function discardParkedEvents(db: Database, filter: ParkedFilter): Promise<number> {
  const rows = await db.transaction(async (tx) => {
    // Lanes put events behind others only while they are held.
    await tx.query(sql`
      select from goblin.event_cursor as cursor
      where exists (
        select from goblin.event_parked as parked
        where (parked.owner, parked.consumer, parked.type) = (cursor.owner, cursor.consumer, cursor.type) and ${matches(filter)}
      )
      order by owner, consumer, type, generation, lane for update`);
    const gone = await tx.many<{ owner: string; consumer: string; type: string; key: string | null }>(
      sql`delete from goblin.event_parked where ${matches(filter)} returning owner, consumer, type, key`,
    );
    await tx.query(
      `update goblin.event_parked as parked set retry_at = clock_timestamp()
       from (
         select distinct on (owner, consumer, type, key) owner, consumer, type, id
         from goblin.event_parked
         where (owner::text, consumer, type, key) in (select * from unnest($1::text[], $2::text[], $3::text[], $4::text[]))
         order by owner, consumer, type, key, xid, id
       ) as first
       where (parked.owner, parked.consumer, parked.type, parked.id) = (first.owner, first.consumer, first.type, first.id)
         and parked.error is null`,
      [
        gone.map(({ owner }) => owner),
        gone.map(({ consumer }) => consumer),
        gone.map(({ type }) => type),
        gone.map(({ key }) => key),
      ],
    );
    return gone;
  });
  for (const type of new Set(rows.map((row) => row.type))) announce(db, type);
  return rows.length;
}
