/** Sends the events of a type to other sites. A group of its own moves over goblin.event as every consumer does and skips none; its
 * cursor moves when the stream has acknowledged. So whatever is away, events wait in the database, in order.
 *
 * Events go in batches, up to BATCH_EVENTS and BATCH_BYTES at the same time. Each names the sequence that it must follow, so when one is
 * refused, all behind it are. What became of a batch whose acknowledgements were lost is read from the stream (standing.ts)
 * before anything else is sent.
 *
 * What a site has received is not forwarded: there are no loops, and no site sends in the name of another. */
import { context, parseTrace, type Schema, systemClock } from '@goblin/core';
import type { PubAck } from '@nats-io/jetstream';
import type { Database } from '../database/database.ts';
import { routine } from '../database/routine.ts';
import { onAnnouncement } from '../events/announcements.ts';
import { type Bell, bell } from '../events/bell.ts';
import type { EventDefinition } from '../events/event.ts';
import {
  type EventRow,
  lockCursor,
  look,
  makeCursor,
  moveCursor,
  type Position,
  readEvents,
} from '../events/event-cursor.ts';
import type { NatsBus } from './connection.ts';
import { type Hold, type Mark, runLink } from './link.ts';
import { messageId, type Origin, originOf, writeHeaders } from './message.ts';
import { type ForwardTelemetry, forwardTelemetry } from './nats-telemetry.ts';
import { type Room, roomIn, storedSize } from './room.ts';
import { databaseSite, standing } from './standing.ts';
import {
  completeLimits,
  ensureStream,
  type JetStream,
  jetStream,
  type StreamLimits,
  type StreamName,
  streamOf,
} from './stream.ts';

/** How long a new event waits at most when its announcement was lost. */
const POLL_MS = 1_000;
/** Events are there, but an older transaction still runs: look again soon. */
const SOON_MS = 5;
const BATCH_EVENTS = 256;
const BATCH_BYTES = 4_194_304;
const ACK_TIMEOUT_MS = 4_000;
const SAMPLE_MS = 5_000;

export interface ForwardOptions {
  /** Only the events of this tenant; for a bus in the tenant's own account. Default: all events. */
  readonly tenant?: string;
  /** Where a new link begins: with all events that are still kept, or with those to come. Default `beginning`. */
  readonly from?: 'beginning' | 'now';
  /** How the stream is made where it is missing. */
  readonly stream?: StreamLimits;
}

/** A background loop that forwards the events of a type, in order, until the signal is aborted. However many processes run it, one
 * does it at a time.
 * @example app.background('settled to others', forward(db, bus, settled))
 * @throws INVALID_INPUT at once when a limit is none */
export function forward<S extends Schema>(
  db: Database,
  bus: NatsBus,
  { type }: EventDefinition<S>,
  options: ForwardOptions = {},
): (signal: AbortSignal) => Promise<void> {
  const limits = completeLimits(options.stream ?? {});
  const line = streamOf(bus, bus.site, type);
  const work: Work = {
    ...{ db, type, line, limits, tenant: options.tenant },
    group: `forward to ${bus.name}`,
    telemetry: forwardTelemetry(db.telemetry, bus.name, line.name),
    wakeUp: bell(),
  };
  const key = { direction: 'out', bus: bus.name, stream: line.name } as const;
  const { blocked } = work.telemetry;
  return (signal) =>
    routine(async () => {
      await makeCursor(db, work.group, type, options.from ?? 'beginning');
      const endHearing = onAnnouncement(db, type, work.wakeUp.ring);
      const sampling = systemClock.every(SAMPLE_MS, () => void routine(() => sampleWait(work)));
      try {
        await runLink({ db, bus, key, blocked, run: (hold) => fill(work, bus, hold) }, signal);
      } finally {
        sampling.cancel();
        await endHearing();
      }
    });
}

interface Work {
  readonly db: Database;
  readonly type: string;
  readonly group: string;
  readonly line: StreamName;
  readonly limits: Required<StreamLimits>;
  readonly tenant: string | undefined;
  readonly telemetry: ForwardTelemetry;
  readonly wakeUp: Bell;
}

/** Fills the stream for as long as this process holds it. */
async function fill(work: Work, bus: NatsBus, hold: Hold): Promise<void> {
  const { db, type, group, line, limits, wakeUp } = work;
  const { signal } = hold;
  const stream = await jetStream(hold.connection, bus);
  const site = await databaseSite(db);
  const info = await ensureStream(stream.manager, line, limits);
  let mark = await standing({ ...work, site, hold, stream: stream.manager, info });
  const room = roomIn(stream, line, info, work.telemetry.fill);
  let soonMs = SOON_MS;
  while (!signal.aborted) {
    const { ready, soon } = await look(db, group, type);
    if (!ready) {
      hold.flows();
      await wakeUp.wait(soon ? soonMs : POLL_MS, signal);
      soonMs = soon ? Math.min(soonMs * 2, POLL_MS) : SOON_MS;
      continue;
    }
    soonMs = SOON_MS;
    mark = await forwardSome(work, stream, room, site, hold, mark);
    hold.flows();
  }
}

/** Forwards one batch, or as much of it as the stream takes, and answers where that stands then. @throws why it takes nothing */
async function forwardSome(
  work: Work,
  stream: JetStream,
  room: Room,
  site: string,
  hold: Hold,
  mark: Mark,
): Promise<Mark> {
  const { db, type, group, telemetry } = work;
  const batch = await readBatch(work, site);
  if (!batch) return mark;
  const { position } = batch;
  const steps = await fitting(room, batch.steps);
  const { acknowledged, sequence, failure } = await send(work, stream, steps, mark.sequence);
  const last = steps[acknowledged - 1];
  if (!last) throw failure;
  const moved = { created: mark.created, sequence };
  await db.transaction(async (tx) => {
    const now = await lockCursor(tx, group, type);
    const isSame = now?.xid === position.xid && now.id === position.id;
    if (!isSame || !(await hold.move(tx, mark, moved))) {
      throw new Error('another process moved the cursor meanwhile');
    }
    await moveCursor(tx, group, type, last.row);
  });
  telemetry.forwarded.add(sequence - mark.sequence);
  return moved;
}

/** As much of a batch as the stream has room for. */
async function fitting(room: Room, steps: readonly Step[]): Promise<readonly Step[]> {
  const sizes = steps.map(({ message }) => (message ? storedSize(message.row, message.body) : 0));
  return steps.slice(0, await room.take(sizes));
}

/** An event of the batch, and what is sent of it; undefined where it is none of ours to send. */
interface Step {
  readonly row: EventRow;
  readonly message: Message | undefined;
}

interface Message {
  readonly row: EventRow;
  readonly body: string;
  readonly origin: Origin;
}

/** What comes next; undefined when there is nothing, or another process has the cursor. */
async function readBatch(
  { db, type, group, tenant }: Work,
  site: string,
): Promise<{ readonly position: Position; readonly steps: readonly Step[] } | undefined> {
  const read = await db.transaction(async (tx) => {
    const position = await lockCursor(tx, group, type);
    if (!position) return undefined;
    const rows = await readEvents(tx, type, position, BATCH_EVENTS);
    const foreign = await tx.many<{ xid: string }>(
      'select distinct xid::text from goblin.event_received where xid = any ($1::text[]::xid8[])',
      [[...new Set(rows.map(({ xid }) => xid))]],
    );
    return { position, rows, foreign: new Set(foreign.map(({ xid }) => xid)) };
  });
  if (!read || read.rows.length === 0) return undefined;
  const steps: Step[] = [];
  let size = 0;
  for (const row of read.rows) {
    const isOurs = !read.foreign.has(row.xid) && (tenant === undefined || row.tenant === tenant);
    const message = isOurs
      ? { row, body: JSON.stringify(row.payload), origin: originOf(site, row) }
      : undefined;
    size += message?.body.length ?? 0;
    if (size > BATCH_BYTES && steps.length > 0) break;
    steps.push({ row, message });
  }
  return { position: read.position, steps };
}

interface Sent {
  /** How many steps, from the first, are done. */
  readonly acknowledged: number;
  /** Of the last message of the stream then. */
  readonly sequence: number;
  /** Why no more are. */
  readonly failure: unknown;
}

/** Sends a batch. Returns when each message was acknowledged, refused or given up. One that the server knows already counts as
 * acknowledged; those behind it are refused this time, because they named the wrong sequence. */
async function send(work: Work, stream: JetStream, steps: readonly Step[], after: number): Promise<Sent> {
  let follows = after;
  const answers = await Promise.allSettled(
    steps.map(({ message }) => message && sendOne(work, stream, message, follows++)),
  );
  let sequence = after;
  for (const [index, answer] of answers.entries()) {
    if (answer.status === 'rejected') return { acknowledged: index, sequence, failure: answer.reason };
    if (answer.value && !answer.value.duplicate) sequence = answer.value.seq;
  }
  return { acknowledged: steps.length, sequence, failure: undefined };
}

async function sendOne(
  work: Work,
  { client, headers }: JetStream,
  message: Message,
  follows: number,
): Promise<PubAck> {
  const { db, type, line } = work;
  const { row, origin, body } = message;
  const span = db.telemetry.tracer.start(`publish ${type}`, {
    kind: 'producer',
    parent: parseTrace(row.traceparent) ?? null,
    attributes: {
      'messaging.system': 'nats',
      'messaging.destination.name': line.subject,
      'messaging.message.id': messageId(origin),
    },
  });
  try {
    return await context.run({ trace: span.context, tenant: row.tenant ?? undefined }, () =>
      client.publish(line.subject, body, {
        timeout: ACK_TIMEOUT_MS,
        headers: writeHeaders(headers(), type, origin, row, span.context, follows),
      }),
    );
  } catch (error) {
    span.fail(error);
    throw error;
  } finally {
    span.end();
  }
}

/** Never rejects: a sample that cannot be taken is left out. */
async function sampleWait({ db, group, type, telemetry }: Work): Promise<void> {
  try {
    const { seconds } = await db.one<{ seconds: number }>(
      `select coalesce(extract(epoch from clock_timestamp() - (
         select published_at from goblin.event
         where event.type = cursor.type and (event.xid, event.id) > (cursor.xid, cursor.id)
         order by event.xid, event.id limit 1
       )), 0)::float8 as seconds
       from goblin.event_cursor as cursor
       where owner = current_user and consumer = $1 and type = $2`,
      [group, type],
    );
    telemetry.waitedSeconds.set(Math.max(0, seconds));
  } catch (error) {
    db.telemetry.log.debug({ err: error }, 'it could not be seen how long events wait to be forwarded');
  }
}
