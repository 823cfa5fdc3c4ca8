/** Takes the events of another site. Each is published here in the transaction that also notes whose event it was and how far the stream
 * was taken, so it has its effects here exactly once; consumers get it as one of ours (`subscribe`).
 *
 * How far the stream was taken stands in the database. The durable consumer of NATS is set after it whenever this begins, and acknowledged
 * after each commit, so that its figures can be looked at (`nats consumer report`). So nothing is lost or
 * out of order when either is restored to an earlier moment.
 *
 * A message that cannot be taken (it does not fit the schema, or names another tenant) stops its stream, visibly. Mend what is wrong,
 * or take the message out of the stream: `nats stream rmm <stream> <sequence>`. */
import { GoblinError, type Schema, systemClock } from '@goblin/core';
import type { ConsumerMessages, JsMsg, StreamInfo } from '@nats-io/jetstream';
import type { Database } from '../database/database.ts';
import { routine } from '../database/routine.ts';
import { bell } from '../events/bell.ts';
import type { EventDefinition } from '../events/event.ts';
import type { NatsBus } from './connection.ts';
import { type Hold, type Mark, runLink } from './link.ts';
import { readHeaders } from './message.ts';
import { receiveTelemetry } from './nats-telemetry.ts';
import { findStream, type JetStream, jetStream, streamOf } from './stream.ts';
import { type Taking, takeMessages } from './take.ts';

/** Messages that are on their way here or wait to be taken, at most: the server sends no more. With the largest payload that
 * is 25 MB. */
const MAX_PENDING = 100;
const ACK_WAIT_MS = 30_000;
/** A pull that brings nothing for this long is made again; a server that is silent is asked whether it is there. */
const PULL_MS = 5_000;
const POLL_MS = 1_000;
const EXPIRE_MS = 3_600_000;
const EXPIRE_BATCH = 10_000;
const CONSUMER_NOT_FOUND = 10_014;
const NANOSECONDS = 1_000_000;

export interface ReceiveOptions {
  /** The site whose events are taken. */
  readonly from: string;
  /** Each event must be of this tenant, or the stream stops; for a bus in the tenant's own account. Default: the tenant that the other
   * site names is believed. */
  readonly tenant?: string;
}

/** A background loop that publishes the events of another site here, in order and each once, until the signal is aborted. However
 * many processes run it, one does it at a time.
 * @example app.background('settled at b', receive(db, bus, settled, { from: 'site-b' }))
 * @throws INVALID_INPUT at once when `from` is the site itself */
export function receive<S extends Schema>(
  db: Database,
  bus: NatsBus,
  definition: EventDefinition<S>,
  options: ReceiveOptions,
): (signal: AbortSignal) => Promise<void> {
  const { from, tenant } = options;
  if (from === bus.site) {
    throw new GoblinError('INVALID_INPUT', { message: `receive: this database is the site ${from} itself` });
  }
  const { name } = streamOf(bus, from, definition.type);
  const telemetry = receiveTelemetry(db.telemetry, bus.name, name);
  const work: Work = { db, definition, tenant, telemetry, from, stream: name };
  const key = { direction: 'in', bus: bus.name, stream: name } as const;
  const { blocked } = telemetry;
  return (signal) =>
    routine(async () => {
      const expiry = systemClock.every(EXPIRE_MS, () => void routine(() => expireReceived(db)));
      try {
        await runLink({ db, bus, key, blocked, run: (hold) => empty(work, bus, hold) }, signal);
      } finally {
        expiry.cancel();
      }
    });
}

interface Work extends Taking {
  readonly from: string;
  readonly stream: string;
}

/** Empties the stream for as long as this process holds it. */
async function empty(work: Work, bus: NatsBus, hold: Hold): Promise<void> {
  const stream = await jetStream(hold.connection, bus);
  const info = await findStream(stream.manager, work.stream);
  if (!info) {
    throw new GoblinError('NOT_FOUND', {
      message: `there is no stream ${work.stream}: has ${work.from} forwarded ${work.definition.type} yet, and may this user see it?`,
    });
  }
  let mark = await beginAt(work, stream, hold, info);
  const queue: JsMsg[] = [];
  const wakeUp = bell();
  const messages = await pull(stream, work, bus, hold, mark.sequence, (message) => {
    queue.push(message);
    wakeUp.ring();
  });
  let closed: unknown;
  void messages.closed().then((error) => {
    closed = error ?? new Error('the consumer is gone');
    wakeUp.ring();
  });
  try {
    while (!hold.signal.aborted && closed === undefined) {
      if (queue.length === 0) await wakeUp.wait(POLL_MS, hold.signal);
      else mark = await takeSome(work, stream, hold, mark, queue.splice(0));
    }
  } finally {
    await messages.close();
  }
  if (closed !== undefined && !hold.signal.aborted) throw closed;
}

/** Where to begin in this stream: after what was taken of it, or at its beginning when it is another one than before or has lost its
 * end. Whatever comes again by that is known. */
async function beginAt(
  { db, stream, telemetry }: Work,
  { manager }: JetStream,
  hold: Hold,
  info: StreamInfo,
): Promise<Mark> {
  const before = await hold.mark();
  const created = String(info.created);
  const { first_seq, last_seq } = info.state;
  const isThere = before.created === created && before.sequence <= last_seq;
  const wasTaken = before.sequence < first_seq || before.sequence === 0;
  const isWhole = isThere && (wasTaken || (await isKnown(db, manager, stream, before.sequence)));
  const missed = isWhole ? first_seq - before.sequence - 1 : 0;
  if (missed > 0 && before.sequence > 0) {
    telemetry.missed.add(missed);
    db.telemetry.log.error(
      { stream, missed },
      `the stream ${stream} gave up ${missed} messages before they were received: they were older than its max age`,
    );
  }
  const sequence = isWhole ? Math.max(before.sequence, first_seq - 1) : 0;
  const mark = { created, sequence };
  if (before.created !== created || before.sequence !== sequence) {
    const isOurs = await db.transaction((tx) => hold.move(tx, before, mark));
    if (!isOurs) throw new Error('another process empties the stream');
  }
  return mark;
}

/** Whether the message is one that was taken here, and not another one in its place: a stream that had lost its end may have been filled
 * again since. */
async function isKnown(
  db: Database,
  manager: JetStream['manager'],
  stream: string,
  seq: number,
): Promise<boolean> {
  const stored = await manager.streams.getMessage(stream, { seq });
  if (!stored) return false;
  const { site, event, publishedMs } = readHeaders(stored.header);
  const found = await db.many(
    'select from goblin.event_received where site = $1 and event = $2 and published_ms = $3',
    [site, event, publishedMs],
  );
  return found.length > 0;
}

/** A consumer that begins behind `sequence` and knows of no other messages. */
async function pull(
  { manager, client }: JetStream,
  { db, stream, telemetry }: Work,
  bus: NatsBus,
  hold: Hold,
  sequence: number,
  callback: (message: JsMsg) => void,
): Promise<ConsumerMessages> {
  const name = `${bus.site}_${db.schema}`;
  await manager.consumers.delete(stream, name).catch((error) => {
    if ((error as { code?: unknown }).code !== CONSUMER_NOT_FOUND) throw error;
  });
  const { num_pending } = await manager.consumers.add(stream, {
    durable_name: name,
    ack_policy: 'explicit',
    ack_wait: ACK_WAIT_MS * NANOSECONDS,
    max_ack_pending: MAX_PENDING,
    deliver_policy: 'by_start_sequence',
    opt_start_seq: sequence + 1,
  });
  telemetry.pending.set(num_pending);
  if (num_pending === 0) hold.flows();
  const consumer = await client.consumers.get(stream, name);
  return consumer.consume({
    max_messages: MAX_PENDING,
    expires: PULL_MS,
    abort_on_missing_resource: true,
    callback,
  });
}

/** Takes messages, acknowledges them, and answers where the stream was taken to. */
async function takeSome(
  work: Work,
  { manager }: JetStream,
  hold: Hold,
  mark: Mark,
  messages: readonly JsMsg[],
): Promise<Mark> {
  const fresh = messages.filter(({ seq }) => seq > mark.sequence);
  let expected = mark.sequence + 1;
  for (const { seq } of fresh) {
    // One that was taken out of the stream is no reason to stop; one that is on another way here is.
    if (seq !== expected && (await manager.streams.getMessage(work.stream, { seq: expected }))) {
      throw new Error(
        `message ${seq} of ${work.stream} came where ${expected} was to come: it is begun anew`,
      );
    }
    expected = seq + 1;
  }
  const last = fresh.at(-1);
  if (last) await takeMessages(work, hold, mark, fresh);
  for (const message of messages) message.ack();
  work.telemetry.pending.set(messages.at(-1)!.info.pending);
  hold.flows();
  return last ? { created: mark.created, sequence: last.seq } : mark;
}

/** Never rejects: it is tried again in an hour. */
async function expireReceived(db: Database): Promise<void> {
  try {
    await db.query('select goblin.expire_received($1)', [EXPIRE_BATCH]);
  } catch (error) {
    db.telemetry.log.warn({ err: error }, 'what was received long ago could not be forgotten');
  }
}
