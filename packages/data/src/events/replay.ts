/** Handles events again, from any moment that is still kept. */
import { GoblinError } from '@goblin/core';
import type { Database } from '../database/database.ts';
import { sql } from '../database/sql.ts';
import { announce } from './announcements.ts';
import { placeAt } from './event-row.ts';

export interface ReplayOptions {
  readonly type: string;
  readonly group: string;
  /** All events that are still kept, or those published at this moment or later. */
  readonly from: 'beginning' | Date;
  /** The role that consumes, where several have a group of that name. Default: all that the database's role may see. */
  readonly owner?: string | undefined;
}

/** Lets a group go back. No event is left out that was published at the moment or later; since events are ordered by when their
 * transactions began, some that were published a little before can come again too. A group never goes forward by it.
 * Events that are parked stay so. Waits for handlers that are at work.
 * @throws NOT_FOUND when there is no such group */
export async function replayEvents(db: Database, { type, group, from, owner }: ReplayOptions): Promise<void> {
  const isMeant = sql`type = ${type} and consumer = ${group} and owner = coalesce(${owner ?? null}::name, owner)`;
  await db.transaction(async (tx) => {
    const { count } = await tx.query(
      sql`select from goblin.event_cursor where ${isMeant} order by owner, generation, lane for update`,
    );
    if (count === 0) {
      throw new GoblinError('NOT_FOUND', {
        message: `no group ${group} has subscribed to ${type}: goblin events ls shows which have`,
      });
    }
    const to = from === 'beginning' ? { xid: '0', id: 0 } : await placeAt(tx, type, from);
    if (!to) return;
    // Lanes of later generations come to it after these.
    await tx.query(sql`
      update goblin.event_cursor as cursor
      set xid = ${to.xid}::xid8, id = ${to.id}, failing = null, attempts = 0, error = null, retry_at = null
      where ${isMeant} and (xid, id) > (${to.xid}::xid8, ${to.id}::int8)
        and generation = (
          select min(generation) from goblin.event_cursor as other
          where (other.owner, other.consumer, other.type) = (cursor.owner, cursor.consumer, cursor.type)
        )`);
  });
  announce(db, type);
}
