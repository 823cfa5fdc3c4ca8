/** Consumers of events. A group has a cursor, which moves over all events of a type in the order (xid, id) and
 * skips none. The handler's writes and the move of the cursor are one transaction: what a handler does in the
 * database happens exactly once for each event; what it does elsewhere, at least once.
 *
 * Why (xid, id): ids are given out before the commit, so an event with a smaller id can appear after one with a
 * larger id was read. A transaction id below the oldest one that still runs (`pg_snapshot_xmin`) can bring
 * nothing new; so events are read up to there, ordered by it.
 *
 * One consumer of a group works at a time; it holds a row lock on the cursor, and the others look again after
 * a second. A killed consumer's lock ends with its connection. With `parallel: n` the group has n lanes, each with a cursor of its
 * own and the events whose keys fall into it: events of a key stay in order, those of different keys do not. The number belongs
 * to the group: the process that began last says it, and the others follow.
 *
 * An event whose handler fails is tried again after a growing pause; its lane waits. After `attempts` it is parked
 * (parked-events.ts), and the group goes on. Attempts are counted over all processes; one that the handler's process does not
 * survive is not counted.
 *
 * Limits: a transaction that writes and stays open delays the events of everybody (the database ends one that
 * idles for 60 s). Of two transactions that tell of the same key at the same time, the one that began to write first comes first.
 * Transaction ids belong to one cluster: events moved to another one by dump and restore have
 * ids that say nothing there, so let all groups catch up first and delete the cursors. */
import { Cancellation, GoblinError, type Schema, type SchemaOutput, systemClock } from '@goblin/core';
import type { Database } from '../database/database.ts';
import { routine } from '../database/routine.ts';
import type { Transaction } from '../database/transaction.ts';
import { consumeLane, type Subscription } from './consume-lane.ts';
import { consumerTelemetry } from './consumer-telemetry.ts';
import type { EventDefinition } from './event.ts';
import { handleEvent, type ReceivedEvent } from './handle-event.ts';
import { setLanes, workingLanes } from './lane.ts';

/** Lanes of a group at most: each takes a connection while it works. */
export const MAX_PARALLEL = 64;
/** About 5 minutes of trying. */
export const DEFAULT_ATTEMPTS = 20;
/** What a handler still gets when its process is told to stop. */
const STOP_GRACE_MS = 3_000;

export type EventHandler<Payload> = (event: ReceivedEvent<Payload>, tx: Transaction) => Promise<void>;

export interface SubscribeOptions {
  /** Consumers with the same group share the work. Each group sees every event. */
  readonly group: string;
  /** Where a group begins that is new: with all events that are still kept, or with those to come.
   * Default `beginning`. */
  readonly from?: 'beginning' | 'now';
  /** How many events of different keys are handled at the same time, over all processes; 1 to 64. Events without a key are
   * in no order then. Default 1: all in order. */
  readonly parallel?: number;
  /** How often an event is tried before it is parked; `'never'`: it is not, and its group waits for it. Default 20, which
   * takes about 5 minutes. */
  readonly attempts?: number | 'never';
}

/** A background loop that handles the events of a type. It ends when the signal is aborted,
 * and rejects when the database stays away. The handler has 30 s per event.
 * @example app.background('receipts', subscribe(db, settled, { group: 'receipts' }, async (event, tx) => { … }))
 * @throws INVALID_INPUT for options that are out of range */
export function subscribe<S extends Schema>(
  db: Database,
  definition: EventDefinition<S>,
  options: SubscribeOptions,
  handler: EventHandler<SchemaOutput<S>>,
): (signal: AbortSignal) => Promise<void> {
  const { type, version } = definition;
  const { group, from = 'beginning', parallel = 1, attempts = DEFAULT_ATTEMPTS } = options;
  mustBeWithin('parallel', parallel, MAX_PARALLEL);
  if (attempts !== 'never') mustBeWithin('attempts', attempts, Number.MAX_SAFE_INTEGER);
  const subscription: Subscription = {
    db,
    telemetry: consumerTelemetry(db.telemetry, type, group),
    version,
    attempts: attempts === 'never' ? Number.POSITIVE_INFINITY : attempts,
    handle: (row, tx) => handleEvent(db, definition, row, (event) => handler(event, tx)),
  };
  const consume = async (signal: AbortSignal): Promise<void> => {
    await setLanes(db, group, type, from, parallel);
    // Each turn is a generation of lanes. None are left where somebody has removed the group.
    for (;;) {
      const lanes = await workingLanes(db, group, type);
      if (signal.aborted || lanes.length === 0) return;
      await sideBySide(
        lanes.map((lane) => (stop) => consumeLane(subscription, lane, stop)),
        signal,
      );
    }
  };
  return (signal) => routine(() => consume(signal), { cancellation: cancelledAfterGrace(signal) });
}

function mustBeWithin(name: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= max) return;
  throw new GoblinError('INVALID_INPUT', {
    message: `${name} is a whole number from 1${max < Number.MAX_SAFE_INTEGER ? ` to ${max}` : ' on'}, not ${value}`,
  });
}

/** When one fails, the others end too. */
async function sideBySide(
  loops: readonly ((signal: AbortSignal) => Promise<void>)[],
  signal: AbortSignal,
): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const ended = loops.map(async (loop) => {
    try {
      await loop(either);
    } catch (error) {
      failed.abort();
      throw error;
    }
  });
  for (const result of await Promise.allSettled(ended)) if (result.status === 'rejected') throw result.reason;
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
