/** Keeps the days of events: makes the tables of days to come, and drops those of days that ended 30 days ago, once every group has
 * passed all of their events. A group that stands still keeps its events for as long as it does.
 *
 * Every process tries at its start and each hour; they do not get into each other's way. A day is made or dropped only if
 * its lock is had within 100 ms; else it is tried again, a few times. When nothing was made for a week, events go to a table for
 * all other days, from which they are deleted. */
import { isGoblinError, sleep, systemClock } from '@goblin/core';
import type { Database } from '../database/database.ts';
import { routine } from '../database/routine.ts';

const PERIOD_MS = 3_600_000;
const BATCH = 10_000;
const TRIES = 5;
const PAUSE_MS = 1_000;

export interface Housekeeping {
  stop(): void;
}

export function expireEvents(db: Database): Housekeeping {
  const stopping = new AbortController();
  const keep = (): void => {
    routine(() => keepEventDays(db, stopping.signal)).catch((error) => {
      if (stopping.signal.aborted) return;
      db.telemetry.log.warn(
        { err: error },
        'the days of events could not be kept; it is tried again in an hour',
      );
    });
  };
  const timer = systemClock.every(PERIOD_MS * (0.9 + Math.random() * 0.2), keep);
  keep();
  return {
    stop() {
      timer.cancel();
      stopping.abort();
    },
  };
}

/** Answers the tables that were dropped, and how many events were deleted one by one. */
export async function keepEventDays(
  db: Database,
  signal?: AbortSignal,
): Promise<{ readonly dropped: readonly string[]; readonly deleted: number }> {
  await patiently(signal, () => db.query('select goblin.make_event_days()'));
  const dropped: string[] = [];
  for (;;) {
    const { day } = await patiently(signal, () =>
      db.one<{ day: string | null }>('select goblin.drop_event_day() as day'),
    );
    if (day === null) break;
    dropped.push(day);
    db.telemetry.log.info({ table: day }, `old events were dropped with ${day}`);
  }
  for (let deleted = 0; ; ) {
    const { count } = await db.one<{ count: number }>('select goblin.delete_stray_events($1) as count', [
      BATCH,
    ]);
    deleted += count;
    if (count < BATCH) return { dropped, deleted };
  }
}

/** Others hold the lock for as long as their transactions last. */
async function patiently<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (!isGoblinError(error, 'CONFLICT') || tries === TRIES) throw error;
    }
    await sleep(PAUSE_MS * (0.5 + Math.random()), signal);
  }
}
