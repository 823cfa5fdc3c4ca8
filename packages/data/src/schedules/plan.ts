/** What becomes of slots that are due: which are run, and which are passed over because nobody was there in time. */
import { nextSlot, slotsBetween } from './slots.ts';
import type { ScheduleSpec } from './spec.ts';

/** A slot that is taken within this time was not missed: a process that restarts takes its slots. */
export const ON_TIME_MS = 60_000;

/** What to do about slots that nobody took in time, because no process ran or the database was away. `skip`: nothing.
 * `latest`: run the newest one. `all`: run all, oldest first; of more than 1,000 the newest 1,000. */
export type Missed = 'skip' | 'latest' | 'all';

export interface Plan {
  /** To be run, oldest first; milliseconds since the Unix epoch. */
  readonly run: readonly number[];
  /** Slots that are passed over, counted up to 1,000. */
  readonly missed: number;
  /** The newest slot that is due. */
  readonly last: number | undefined;
  readonly next: number | undefined;
}

/** @param dueMs the first slot that was not taken yet. */
export function planSlots(spec: ScheduleSpec, missed: Missed, dueMs: number, nowMs: number): Plan {
  // What counts is the grid: of a specification that has changed, the due slot may not be on it.
  const due = slotsBetween(spec, dueMs, nowMs);
  const last = due.at(-1);
  const run = due.filter(
    (slot) => missed === 'all' || (slot === last && (missed === 'latest' || nowMs - slot <= ON_TIME_MS)),
  );
  return { run, missed: due.length - run.length, last, next: nextSlot(spec, nowMs) };
}
