/** Deletes events that are older than 30 days and that every group has passed. A group that stands still keeps
 * its events for as long as it does. Every process tries now and then; they do not get into each other's way. */
import { systemClock } from '@goblin/core';
import type { Database } from '../database/database.ts';
import { routine } from '../database/routine.ts';

const PERIOD_MS = 3_600_000;
const BATCH = 10_000;

export interface Housekeeping {
  stop(): void;
}

export function expireEvents(db: Database): Housekeeping {
  const timer = systemClock.every(PERIOD_MS * (0.9 + Math.random() * 0.2), () => {
    routine(() => expireOnce(db)).catch((error) => {
      db.telemetry.log.warn({ err: error }, 'old events could not be deleted; it is tried again in an hour');
    });
  });
  return { stop: () => timer.cancel() };
}

/** Answers how many were deleted. */
export async function expireOnce(db: Database): Promise<number> {
  for (let total = 0; ; ) {
    const { deleted } = await db.one<{ deleted: number }>('select goblin.expire_events($1) as deleted', [
      BATCH,
    ]);
    total += deleted;
    if (deleted < BATCH) return total;
  }
}
