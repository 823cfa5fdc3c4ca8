/** Where a stream stands, compared with where the database believes it does. They differ after a crash, of either:
 *
 * - The stream has more: a batch was stored and its acknowledgements were lost. The cursor moves past it.
 * - The stream has less, or is another one: it has forgotten what it had acknowledged, as a server does that lost its power before it wrote
 *   to the disk (docs/guide/nats.md). The cursor goes back to the stream's last event, or by the stream's age. What is
 *   sent twice by that is taken once: receivers know what they have. */
import { milliseconds } from '@goblin/core';
import type { JetStreamManager, StreamInfo } from '@nats-io/jetstream';
import type { Database } from '../database/database.ts';
import { lockCursor, moveCursor, type Position } from '../events/event-cursor.ts';
import type { Hold, Mark } from './link.ts';
import { readHeaders } from './message.ts';
import type { StreamLimits, StreamName } from './stream.ts';

export interface Standing {
  readonly db: Database;
  readonly site: string;
  readonly type: string;
  readonly group: string;
  readonly line: StreamName;
  readonly limits: Required<StreamLimits>;
  readonly hold: Hold;
  readonly stream: JetStreamManager;
  readonly info: StreamInfo;
}

/** Puts the cursor where the stream stands, and answers that. */
export async function standing(where: Standing): Promise<Mark> {
  const { db, type, group, line, hold, info } = where;
  const before = await hold.mark();
  const now: Mark = { created: String(info.created), sequence: info.state.last_seq };
  const isSame = before.created === now.created;
  if (isSame && before.sequence === now.sequence) return now;
  const isLess = before.created !== null && (!isSame || now.sequence < before.sequence);
  const last = await lastEvent(where);
  const to = last ?? (isLess ? await positionBeforeAge(where) : undefined);
  await db.transaction(async (tx) => {
    if (!(await hold.move(tx, before, now))) throw new Error('another process fills the stream');
    if (!to) return;
    if (!(await lockCursor(tx, group, type))) throw new Error('another process moves the cursor');
    await moveCursor(tx, group, type, to);
  });
  if (isLess) {
    db.telemetry.log.error(
      { stream: line.name, before, now },
      `the stream ${line.name} has lost messages that it had acknowledged; their events are forwarded again`,
    );
  }
  return now;
}

/** The event of the stream's last message, if it is one of this database: a database that was restored to an earlier moment, or took the
 * place of another, goes by its own cursor. */
async function lastEvent({ db, site, type, line, stream, info }: Standing): Promise<Position | undefined> {
  const { messages, last_seq: seq } = info.state;
  const stored = messages === 0 ? null : await stream.streams.getMessage(line.name, { seq });
  if (!stored) return undefined;
  try {
    const arrived = readHeaders(stored.header);
    if (arrived.site !== site) return undefined;
    return await db.maybeOne<Position>(
      `select xid::text, id from goblin.event
       where type = $1 and xid = $2::xid8 and id = $3
         and abs(extract(epoch from published_at) * 1000 - $4::float8) < 2`,
      [type, arrived.xid, arrived.event, arrived.publishedMs],
    );
  } catch (error) {
    db.telemetry.log.warn(
      { err: error, stream: line.name, seq },
      `somebody else writes into the stream ${line.name}`,
    );
    return undefined;
  }
}

/** Before the first event that the stream would still have. */
async function positionBeforeAge({ db, type, limits }: Standing): Promise<Position> {
  const position = await db.maybeOne<Position>(
    `select xid::text, id from goblin.event
     where type = $1 and published_at < now() - $2 * interval '1 millisecond'
     order by event.xid desc, event.id desc limit 1`,
    [type, milliseconds(limits.maxAge)],
  );
  return position ?? { xid: '0', id: 0 };
}

/** Which database this is. */
export async function databaseSite(db: Database): Promise<string> {
  return (await db.one<{ id: string }>('select id from goblin.site')).id;
}
