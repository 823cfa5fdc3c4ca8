/** The SQL of lanes. A group has one lane, or several where it works in parallel; a lane has a cursor over the events of a type
 * whose keys fall into it. What a change of their number does: see set_event_lanes in the schema. */
import type { Database } from '../database/database.ts';
import type { Transaction } from '../database/transaction.ts';
import { EVENT_COLUMNS, type EventRow, type Position } from './event-row.ts';

export interface Lane {
  readonly group: string;
  readonly type: string;
  readonly generation: number;
  readonly lane: number;
}

/** What there is to do; see look_at_event_lane in the schema. */
export interface LaneLook {
  readonly ready: boolean;
  readonly due: boolean;
  readonly soon: boolean;
  readonly rest_ms: number;
  readonly failures: number;
  readonly parked: number;
}

/** A lane that this transaction holds. */
export interface HeldLane extends Position {
  readonly lanes: number;
  readonly until_xid: string | null;
  readonly until_id: number | null;
  readonly failing: number | null;
  readonly attempts: number;
  /** After a failure it is left alone for a while. */
  readonly resting: boolean;
  /** Transactions before it are settled. */
  readonly horizon: string;
}

export interface NextEvent extends EventRow {
  /** It is parked already, or one before it of its key is. */
  readonly held: boolean;
}

const THIS = 'owner = current_user and consumer = $1 and type = $2 and generation = $3 and lane = $4';

function nameOf({ group, type, generation, lane }: Lane): unknown[] {
  return [group, type, generation, lane];
}

/** Makes the group where there is none, and lets it work in so many lanes. */
export async function setLanes(
  db: Database,
  group: string,
  type: string,
  from: 'beginning' | 'now',
  lanes: number,
): Promise<void> {
  await db.query('select goblin.set_event_lanes($1, $2, $3, $4)', [group, type, from === 'now', lanes]);
}

/** Those that may work: of the oldest generation that has not come to its end. */
export function workingLanes(db: Database, group: string, type: string): Promise<Lane[]> {
  return db.many<Lane>(
    `select consumer as "group", type, generation, lane
     from (
       select *, min(generation) over () as oldest from goblin.event_cursor
       where owner = current_user and consumer = $1 and type = $2
     ) as cursor
     where generation = oldest
     order by lane`,
    [group, type],
  );
}

/** Reads only, so that a consumer with nothing to do costs the database little. Undefined: the lane has come to its end. */
export function look(db: Database, lane: Lane): Promise<LaneLook | undefined> {
  return db.maybeOne<LaneLook>('select * from goblin.look_at_event_lane($1, $2, $3, $4)', nameOf(lane));
}

/** Takes the lane for this transaction alone; undefined while another consumer works. */
export function holdLane(tx: Transaction, lane: Lane): Promise<HeldLane | undefined> {
  return tx.maybeOne<HeldLane>(
    `select xid::text, id, lanes, until_xid::text, until_id, failing, attempts,
            coalesce(retry_at > clock_timestamp(), false) as resting,
            pg_snapshot_xmin(pg_current_snapshot())::text as horizon
     from goblin.event_cursor where ${THIS}
     for update skip locked`,
    nameOf(lane),
  );
}

/** What comes next in the lane, in order. */
export function readNext(tx: Transaction, lane: Lane, at: HeldLane, atMost: number): Promise<NextEvent[]> {
  return tx.many<NextEvent>(
    `select ${EVENT_COLUMNS}, held
     from goblin.read_event_lane($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) as next,
     lateral (select (next.told).*) as event
     order by event.xid, event.id`,
    [
      lane.group,
      lane.type,
      at.xid,
      at.id,
      at.until_xid,
      at.until_id,
      at.horizon,
      lane.lane,
      at.lanes,
      atMost,
    ],
  );
}

/** Passes over all up to a place; never goes back. What is known of a failure is forgotten, unless it lies ahead. */
export async function moveLane(
  tx: Transaction,
  lane: Lane,
  to: Position,
  failureLiesAhead: boolean,
): Promise<void> {
  const forget = failureLiesAhead ? '' : ', failing = null, attempts = 0, error = null, retry_at = null';
  await tx.query(
    `update goblin.event_cursor set xid = $5::xid8, id = $6${forget} where ${THIS} and (xid, id) < ($5::xid8, $6::bigint)`,
    [...nameOf(lane), to.xid, to.id],
  );
}

/** Notes that the handler failed at an event which the lane has not passed. `pauseMs` is how long the lane is left alone after
 * the first failure; it doubles with each, up to `maxPauseMs`. Answers how often it has failed there; undefined when
 * the lane has passed it meanwhile. */
export async function noteFailure(
  db: Database,
  lane: Lane,
  { xid, id }: Position,
  error: unknown,
  pauseMs: number,
  maxPauseMs: number,
): Promise<number | undefined> {
  const row = await db.maybeOne<{ attempts: number }>(
    `update goblin.event_cursor
     set failing = $5::bigint, error = $6,
         attempts = case when failing = $5::bigint then attempts + 1 else 1 end,
         retry_at = clock_timestamp() + interval '1 ms'
           * least($7::float8 * power(2, case when failing = $5::bigint then least(attempts, 30) else 0 end), $8::float8)
     where ${THIS} and (xid, id) < ($9::xid8, $5::bigint)
     returning attempts`,
    [...nameOf(lane), id, JSON.stringify(error), pauseMs, maxPauseMs, xid],
  );
  return row?.attempts;
}
