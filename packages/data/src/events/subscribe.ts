/** Consumers of events. A group has one cursor, which moves over all events of a type in the order (xid, id) and
 * skips none. The handler's writes and the move of the cursor are one transaction: what a handler does in the
 * database happens exactly once for each event; what it does elsewhere, at least once.
 *
 * Why (xid, id): ids are given out before the commit, so an event with a smaller id can appear after one with a
 * larger id was read. A transaction id below the oldest one that still runs (`pg_snapshot_xmin`) can bring
 * nothing new; so events are read up to there, ordered by it.
 *
 * One consumer of a group works at a time; it holds a row lock on the cursor, and the others look again after
 * POLL_MS. A killed consumer's lock ends with its connection.
 *
 * An event whose handler fails is tried again after a growing pause, and nothing of its group passes it: order is
 * kept and nothing is lost, and `event_blocked_attempts` says so. There is no way yet to park it.
 *
 * Limits: a transaction that writes and stays open delays the events of everybody (the database ends one that
 * idles for 60 s). Transaction ids belong to one cluster: events moved to another one by dump and restore have
 * ids that say nothing there, so let all groups catch up first and delete the cursors. */
import {
  Cancellation,
  context,
  GoblinError,
  parse,
  parseTrace,
  type Schema,
  type SchemaOutput,
  settleBy,
  sleep,
  systemClock,
} from '@goblin/core';
import type { Database } from '../database/database.ts';
import { routine } from '../database/routine.ts';
import type { Transaction } from '../database/transaction.ts';
import { onAnnouncement } from './announcements.ts';
import { bell } from './bell.ts';
import { type ConsumerTelemetry, consumerTelemetry } from './consumer-telemetry.ts';
import type { EventDefinition } from './event.ts';
import { type EventRow, lockCursor, look, makeCursor, moveCursor, readEvents } from './event-cursor.ts';

/** How long a new event waits at most when its announcement was lost. */
const POLL_MS = 1_000;
/** Events are there, but an older transaction still runs: look again soon. */
const SOON_MS = 5;
/** A transaction takes on no further event after this time, so a slow handler has one to itself. */
const BATCH_MS = 20;
const BATCH_EVENTS = 100;
const HANDLER_TIMEOUT_MS = 30_000;
const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 30_000;
/** What a handler still gets when its process is told to stop. */
const STOP_GRACE_MS = 3_000;

export interface ReceivedEvent<Payload> {
  readonly id: number;
  readonly type: string;
  readonly payload: Payload;
  readonly publishedAt: Date;
  /** The role that published it. */
  readonly source: string;
  readonly tenant: string | undefined;
}

export type EventHandler<Payload> = (event: ReceivedEvent<Payload>, tx: Transaction) => Promise<void>;

export interface SubscribeOptions {
  /** Consumers with the same group share the work. Each group sees every event. */
  readonly group: string;
  /** Where a group begins that is new: with all events that are still kept, or with those to come.
   * Default `beginning`. */
  readonly from?: 'beginning' | 'now';
}

/** A background loop that handles the events of a type, one after the other. It ends when the signal is aborted,
 * and rejects when the database stays away. The handler has 30 s per event.
 * @example app.background('receipts', subscribe(db, settled, { group: 'receipts' }, async (event, tx) => { … })) */
export function subscribe<S extends Schema>(
  db: Database,
  definition: EventDefinition<S>,
  options: SubscribeOptions,
  handler: EventHandler<SchemaOutput<S>>,
): (signal: AbortSignal) => Promise<void> {
  const { type } = definition;
  const { group, from = 'beginning' } = options;
  const telemetry = consumerTelemetry(db.telemetry, type, group);
  const work: Work = {
    db,
    type,
    group,
    telemetry,
    handle: (row, tx) => handleOne(db, definition, handler, row, tx),
  };
  return (signal) =>
    routine(
      async () => {
        await makeCursor(db, group, type, from);
        await consume(work, signal);
      },
      { cancellation: cancelledAfterGrace(signal) },
    );
}

/** What the loop knows of its subscription. */
interface Work {
  readonly db: Database;
  readonly type: string;
  readonly group: string;
  readonly telemetry: ConsumerTelemetry;
  handle(row: EventRow, tx: Transaction): Promise<void>;
}

/** The event at which the group stands still. */
interface Blocked {
  readonly id: number;
  readonly attempts: number;
}

class HandlerFailed extends Error {
  readonly row: EventRow;

  constructor(row: EventRow, cause: unknown) {
    super('the handler failed', { cause });
    this.row = row;
  }
}

async function consume(work: Work, signal: AbortSignal): Promise<void> {
  const { db, group, type, telemetry } = work;
  const wakeUp = bell();
  const endHearing = onAnnouncement(db, type, wakeUp.ring);
  let blocked: Blocked | undefined;
  let soonMs = SOON_MS;
  try {
    while (!signal.aborted) {
      const { ready, soon } = await look(db, group, type);
      if (!ready) {
        await wakeUp.wait(soon ? soonMs : POLL_MS, signal);
        soonMs = soon ? Math.min(soonMs * 2, POLL_MS) : SOON_MS;
        continue;
      }
      soonMs = SOON_MS;
      try {
        const last = await handleSome(work, blocked ? 1 : BATCH_EVENTS, signal);
        // Undefined: another consumer of the group is at work, and what blocked us is its matter.
        if (!last || last.id === blocked?.id) blocked = undefined;
        if (!last) await wakeUp.wait(POLL_MS, signal);
      } catch (error) {
        blocked = report(work, blocked, error);
        await sleep(backoffMs(blocked?.attempts ?? 1), signal).catch(() => {});
      }
      telemetry.blocked.set(blocked?.attempts ?? 0);
    }
  } finally {
    await endHearing();
  }
}

/** Handles some events in one transaction, and answers the last of them. */
async function handleSome(work: Work, atMost: number, signal: AbortSignal): Promise<EventRow | undefined> {
  const { db, group, type, telemetry } = work;
  const enoughAt = systemClock.now() + BATCH_MS;
  const handled: EventRow[] = [];
  await db.transaction(async (tx) => {
    const position = await lockCursor(tx, group, type);
    if (!position) return;
    for (const row of await readEvents(tx, type, position, atMost)) {
      await work.handle(row, tx);
      handled.push(row);
      if (signal.aborted || systemClock.now() > enoughAt) break;
    }
    const last = handled.at(-1);
    if (last) await moveCursor(tx, group, type, last);
  });
  for (const { published_at } of handled)
    telemetry.delays.record(Math.max(0, systemClock.wall() - published_at.getTime()) / 1_000);
  return handled.at(-1);
}

async function handleOne<S extends Schema>(
  db: Database,
  { type, schema }: EventDefinition<S>,
  handler: EventHandler<SchemaOutput<S>>,
  row: EventRow,
  tx: Transaction,
): Promise<void> {
  const parent = parseTrace(row.traceparent);
  const span = db.telemetry.tracer.start(`consume ${type}`, { kind: 'consumer', parent: parent ?? null });
  try {
    await context.run({ trace: span.context, tenant: row.tenant ?? undefined }, async () => {
      const payload = await parse(schema, row.payload, 'INVALID_INPUT', `the event ${type} ${row.id}`);
      const { id, source, published_at: publishedAt, tenant } = row;
      const received = { id, type, payload, publishedAt, source, tenant: tenant ?? undefined };
      await settleBy(context.current, systemClock.now() + HANDLER_TIMEOUT_MS, () => handler(received, tx));
    });
  } catch (error) {
    span.fail(error);
    throw new HandlerFailed(row, error);
  } finally {
    span.end();
  }
}

function report(work: Work, before: Blocked | undefined, error: unknown): Blocked | undefined {
  const { db, group, type, telemetry } = work;
  if (!(error instanceof HandlerFailed)) {
    db.telemetry.log.warn({ err: error, group, type }, `events ${type} could not be handled for ${group}`);
    return before;
  }
  const { id } = error.row;
  const attempts = before?.id === id ? before.attempts + 1 : 1;
  telemetry.failures.add();
  db.telemetry.log.error(
    { err: error.cause, group, type, event: id, attempts },
    `the handler of ${type} in ${group} failed at event ${id}; its group waits for it`,
  );
  return { id, attempts };
}

function backoffMs(attempts: number): number {
  return Math.min(FIRST_BACKOFF_MS * 2 ** (attempts - 1), MAX_BACKOFF_MS) * (0.5 + Math.random() / 2);
}

/** A process that is told to stop lets its handler finish, for a while. */
function cancelledAfterGrace(signal: AbortSignal): Cancellation {
  const cancellation = new Cancellation();
  const begin = (): void => {
    systemClock.after(STOP_GRACE_MS, () =>
      cancellation.cancel(new GoblinError('CANCELED', { message: 'the process is stopping' })),
    );
  };
  if (signal.aborted) begin();
  else signal.addEventListener('abort', begin, { once: true });
  return cancellation;
}
