/** Events for every process rather than for one of a group: configuration that changed, caches to empty. A process gets each event
 * that is told from its start on, at least once and in order. Where it stands is known to it alone: when it ends, nothing is
 * left of it, and the next one begins anew.
 *
 * A handler that throws is tried again after a growing pause, and the events behind it wait, so that order is kept. After `attempts`
 * the event is passed, with an error in the log: this process has no place to park it. The same holds for an event of a
 * newer version than this code knows.
 *
 * Events come when the transactions that were older than theirs have ended, as for every consumer (subscribe.ts). They are
 * kept for 30 days, also for a process that is slower than that. */
import { type Schema, type SchemaOutput, sleep, systemClock } from '@goblin/core';
import type { Database } from '../database/database.ts';
import { routine } from '../database/routine.ts';
import { onAnnouncement } from './announcements.ts';
import { bell } from './bell.ts';
import { FIRST_PAUSE_MS, MAX_PAUSE_MS, POLL_MS, SOON_MS } from './consume-lane.ts';
import { consumerTelemetry } from './consumer-telemetry.ts';
import type { EventDefinition } from './event.ts';
import { type EventRow, endOfEvents, type Position, placeAt, readAfter } from './event-row.ts';
import { handleEvent, type ReceivedEvent } from './handle-event.ts';

const BATCH_EVENTS = 100;
const DEFAULT_ATTEMPTS = 10;
/** As which broadcasts are seen in metrics. */
const GROUP = 'broadcast';

export interface BroadcastOptions {
  /** Where it begins: with what is told from now on, with all events that are still kept, or with those published since a
   * moment. Default `now`. */
  readonly from?: 'now' | 'beginning' | Date;
  /** How often an event is tried before it is passed. Default 10, which takes about a minute. */
  readonly attempts?: number;
}

/** A background loop. It begins when it is first run, and goes on where it stood when it is run again after a failure. A
 * handler has 30 s per event.
 * @example app.background('settings', broadcast(db, settingsChanged, async () => { settings = await load(db); })) */
export function broadcast<S extends Schema>(
  db: Database,
  definition: EventDefinition<S>,
  handler: (event: ReceivedEvent<SchemaOutput<S>>) => Promise<void> | void,
  { from = 'now', attempts = DEFAULT_ATTEMPTS }: BroadcastOptions = {},
): (signal: AbortSignal) => Promise<void> {
  const { type } = definition;
  const { log } = db.telemetry;
  const telemetry = consumerTelemetry(db.telemetry, type, GROUP);
  let at: Position | undefined;

  /** True when it was handled or is passed, false when the process stops. */
  async function handle(row: EventRow, signal: AbortSignal): Promise<boolean> {
    for (let tries = 1; ; tries++) {
      try {
        await handleEvent(db, definition, row, async (event) => handler(event));
        telemetry.delays.record(Math.max(0, systemClock.wall() - row.published_at.getTime()) / 1_000);
        break;
      } catch (error) {
        telemetry.failures.add();
        telemetry.noteBlocked(0, tries);
        const isPassed = tries >= attempts;
        log.error(
          { err: error, type, event: row.id, attempts: tries },
          `the handler of ${type} failed at the broadcast event ${row.id}${isPassed ? ', which is passed' : ''}`,
        );
        if (isPassed) break;
        const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), MAX_PAUSE_MS) * (0.5 + Math.random() / 2);
        await sleep(pauseMs, signal).catch(() => {});
        if (signal.aborted) return false;
      }
    }
    telemetry.noteBlocked(0, 0);
    return true;
  }

  async function listen(signal: AbortSignal): Promise<void> {
    const wakeUp = bell();
    const endHearing = onAnnouncement(db, type, wakeUp.ring);
    let soonMs = SOON_MS;
    try {
      at ??= await beginning(db, type, from);
      while (!signal.aborted) {
        const { rows, soon } = await readAfter(db, type, at, BATCH_EVENTS);
        for (const row of rows) {
          if (signal.aborted || !(await handle(row, signal))) return;
          at = row;
        }
        if (rows.length > 0) soonMs = SOON_MS;
        else {
          await wakeUp.wait(soon ? soonMs : POLL_MS, signal);
          soonMs = soon ? Math.min(soonMs * 2, POLL_MS) : SOON_MS;
        }
      }
    } finally {
      await endHearing();
    }
  }

  return (signal) => routine(() => listen(signal));
}

async function beginning(db: Database, type: string, from: 'now' | 'beginning' | Date): Promise<Position> {
  if (from === 'beginning') return { xid: '0', id: 0 };
  const end = await endOfEvents(db);
  return from === 'now' ? end : ((await placeAt(db, type, from)) ?? end);
}
