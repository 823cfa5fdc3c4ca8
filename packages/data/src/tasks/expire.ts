/** Forgets keys and results of tasks 7 days after they have finished, and dead tasks after 90 days. Every process tries
 * now and then; they do not get into each other's way. */
import { systemClock } from '@goblin/core';
import type { Database } from '../database/database.ts';
import { routine } from '../database/routine.ts';
import type { Housekeeping } from '../events/expire.ts';

const PERIOD_MS = 3_600_000;
const BATCH = 10_000;

export function expireTasks(db: Database): Housekeeping {
  const timer = systemClock.every(PERIOD_MS * (0.9 + Math.random() * 0.2), () => {
    routine(() => expireTasksOnce(db)).catch((error) => {
      db.telemetry.log.warn({ err: error }, 'old tasks could not be forgotten; it is tried again in an hour');
    });
  });
  return { stop: () => timer.cancel() };
}

/** Answers how many were forgotten. */
export async function expireTasksOnce(db: Database): Promise<number> {
  for (let total = 0; ; ) {
    const { forgotten } = await db.one<{ forgotten: number }>('select goblin.expire_tasks($1) as forgotten', [
      BATCH,
    ]);
    total += forgotten;
    if (forgotten < BATCH) return total;
  }
}
