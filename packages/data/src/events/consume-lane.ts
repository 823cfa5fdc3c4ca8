/** Works on one lane of a group until it is told to stop, or the lane has come to its end. What a transaction handles and where the
 * lane then stands is committed together.
 *
 * An event that fails undoes its transaction. The failure is noted beside the cursor, for all processes: those before it are
 * handled again without it; then it is tried alone, after a pause that grows, and parked after so many attempts. */
import { isGoblinError, sleep, systemClock } from '@goblin/core';
import type { Database } from '../database/database.ts';
import type { Transaction } from '../database/transaction.ts';
import { onAnnouncement } from './announcements.ts';
import { bell } from './bell.ts';
import type { ConsumerTelemetry } from './consumer-telemetry.ts';
import type { EventRow } from './event-row.ts';
import {
  type HeldLane,
  holdLane,
  type Lane,
  look,
  moveLane,
  type NextEvent,
  noteFailure,
  readNext,
} from './lane.ts';
import { dueParked, noteParkedFailure, park, putBehind, unpark } from './parked-events.ts';

/** How long a new event waits at most when its announcement was lost. */
export const POLL_MS = 1_000;
/** Events are there, but an older transaction still runs: look again soon. */
export const SOON_MS = 5;
/** A transaction takes on no further event after this time, so a slow handler has one to itself. */
const BATCH_MS = 20;
const BATCH_EVENTS = 100;
export const FIRST_PAUSE_MS = 100;
export const MAX_PAUSE_MS = 30_000;
/** How long a process leaves a lane to others that stands at an event of a newer version than it knows. */
const STEP_ASIDE_MS = 15_000;
const MAX_ERROR_LENGTH = 2_000;

/** What a consumer knows of its subscription. */
export interface Subscription {
  readonly db: Database;
  readonly telemetry: ConsumerTelemetry;
  /** Of payloads that it knows. */
  readonly version: number;
  /** Until an event is parked; Infinity: never. */
  readonly attempts: number;
  handle(row: EventRow, tx: Transaction): Promise<void>;
}

class HandlerFailed extends Error {
  readonly row: EventRow;
  /** Of those that the lane comes to; `parked` is none. */
  readonly place: 'next' | 'later' | 'parked';

  constructor(row: EventRow, place: HandlerFailed['place'], cause: unknown) {
    super('the handler failed', { cause });
    this.row = row;
    this.place = place;
  }
}

export async function consumeLane(
  subscription: Subscription,
  lane: Lane,
  signal: AbortSignal,
): Promise<void> {
  const { db, telemetry } = subscription;
  const wakeUp = bell();
  const endHearing = onAnnouncement(db, lane.type, wakeUp.ring);
  let soonMs = SOON_MS;
  try {
    while (!signal.aborted) {
      const seen = await look(db, lane);
      telemetry.noteBlocked(lane.lane, seen?.failures ?? 0);
      if (!seen) return;
      telemetry.noteParked(seen.parked);
      if (!seen.ready) {
        await wakeUp.wait(seen.soon ? soonMs : Math.min(seen.rest_ms || POLL_MS, POLL_MS), signal);
        soonMs = seen.soon ? Math.min(soonMs * 2, POLL_MS) : SOON_MS;
        continue;
      }
      soonMs = SOON_MS;
      try {
        const wasMine = await handleSome(subscription, lane, seen.due, signal);
        if (!wasMine) await wakeUp.wait(POLL_MS, signal);
      } catch (error) {
        await sleep(await report(subscription, lane, error), signal).catch(() => {});
      }
    }
  } finally {
    await endHearing();
  }
}

/** False when another consumer is at work. */
async function handleSome(
  subscription: Subscription,
  lane: Lane,
  isParkedDue: boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const { db, telemetry } = subscription;
  const handled: EventRow[] = [];
  const work: LaneWork = {
    subscription,
    lane,
    handled,
    isEnough: stopwatch(BATCH_MS, signal),
  };
  const wasMine = await db.transaction(async (tx) => {
    const at = await holdLane(tx, lane);
    if (!at) return false;
    if (isParkedDue) await handleParked(tx, at, work);
    else if (!at.resting) await handleNext(tx, at, work);
    return true;
  });
  for (const { published_at } of handled)
    telemetry.delays.record(Math.max(0, systemClock.wall() - published_at.getTime()) / 1_000);
  return wasMine;
}

interface LaneWork {
  readonly subscription: Subscription;
  readonly lane: Lane;
  readonly handled: EventRow[];
  isEnough(): boolean;
}

function stopwatch(forMs: number, signal: AbortSignal): () => boolean {
  const until = systemClock.now() + forMs;
  return () => signal.aborted || systemClock.now() > until;
}

async function handleNext(tx: Transaction, at: HeldLane, work: LaneWork): Promise<void> {
  const { subscription, lane } = work;
  const rows = await readNext(tx, lane, at, BATCH_EVENTS);
  const failingAt = rows.findIndex(({ id }) => id === at.failing);
  const some = upToTrouble(rows, failingAt, subscription.version);
  let last: NextEvent | undefined;
  for (const row of some) {
    if (row.held) await putBehind(tx, lane, row);
    else if (row.id === at.failing && at.attempts >= subscription.attempts) {
      await park(tx, lane, row);
      logParked(subscription, lane, row, at.attempts);
    } else await handle(tx, row, last ? 'later' : 'next', work);
    last = row;
    if (work.isEnough()) break;
  }
  if (last !== rows.at(-1)) await moveLane(tx, lane, last!, failingAt > 0);
  else if (rows.length < BATCH_EVENTS && (at.lanes > 1 || at.until_xid !== null))
    await moveLane(tx, lane, endOf(at), false);
  else if (last) await moveLane(tx, lane, last, false);
}

/** Of a lane that has read all there is: the events between belong to others. */
function endOf({ until_xid, until_id, horizon }: HeldLane): { xid: string; id: number } {
  return until_xid === null ? { xid: horizon, id: 0 } : { xid: until_xid, id: until_id! };
}

/** An event that has failed, or is of a version that this code does not know, is tried alone, after all before it. */
function upToTrouble(rows: readonly NextEvent[], failingAt: number, version: number): readonly NextEvent[] {
  const newerAt = rows.findIndex((row) => row.version > version && !row.held);
  const places = [failingAt, newerAt].filter((place) => place >= 0);
  return places.length === 0 ? rows : rows.slice(0, Math.max(1, Math.min(...places)));
}

async function handleParked(tx: Transaction, at: HeldLane, work: LaneWork): Promise<void> {
  for (const row of await dueParked(tx, work.lane, at, BATCH_EVENTS)) {
    await handle(tx, row, 'parked', work);
    await unpark(tx, work.lane, row);
    if (work.isEnough()) return;
  }
}

async function handle(
  tx: Transaction,
  row: EventRow,
  place: HandlerFailed['place'],
  { subscription, handled }: LaneWork,
): Promise<void> {
  try {
    await subscription.handle(row, tx);
  } catch (error) {
    throw new HandlerFailed(row, place, error);
  }
  handled.push(row);
}

/** Notes a failure, and answers for how long this process leaves the lane alone. */
async function report(subscription: Subscription, lane: Lane, error: unknown): Promise<number> {
  const { db, telemetry, attempts: maxAttempts, version } = subscription;
  const { group, type } = lane;
  if (!(error instanceof HandlerFailed)) {
    db.telemetry.log.warn({ err: error, group, type }, `events ${type} could not be handled for ${group}`);
    return FIRST_PAUSE_MS * (0.5 + Math.random() / 2);
  }
  const { row, place, cause } = error;
  const isNewer = row.version > version;
  // Newer code may take it at once, and what comes before a failure is not to wait for it.
  const pauseMs = place === 'later' || isNewer ? 0 : FIRST_PAUSE_MS * (0.5 + Math.random() / 2);
  telemetry.failures.add();
  const text = errorText(cause);
  const attempts =
    place === 'parked'
      ? await noteParkedFailure(db, lane, row, text, pauseMs, MAX_PAUSE_MS, maxAttempts)
      : await noteFailure(db, lane, row, text, pauseMs, MAX_PAUSE_MS);
  db.telemetry.log.error(
    { err: cause, group, type, event: row.id, attempts },
    `the handler of ${type} in ${group} failed at event ${row.id}${place === 'parked' ? ', which is parked' : ''}`,
  );
  return isNewer ? STEP_ASIDE_MS : 0;
}

function logParked(
  { db }: Subscription,
  { group, type }: Lane,
  { id, key }: EventRow,
  attempts: number,
): void {
  db.telemetry.log.error(
    { group, type, event: id, attempts },
    `event ${id} (${type}) is parked for ${group} after ${attempts} attempts${key === null ? '' : ', and later ones of its key behind it'}`,
  );
}

function errorText(cause: unknown): { code: string; message: string } {
  const message = cause instanceof Error ? cause.message : String(cause);
  return {
    code: isGoblinError(cause) ? cause.code : 'INTERNAL',
    message: message.slice(0, MAX_ERROR_LENGTH),
  };
}
