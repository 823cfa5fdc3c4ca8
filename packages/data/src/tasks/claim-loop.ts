/** Claims as many tasks as there are hands for, until it is told to stop. */
import { systemClock } from '@goblin/core';
import type { Database } from '../database/database.ts';
import type { Bell } from '../events/bell.ts';
import type { Crew } from './crew.ts';
import { POLL_MS, type TaskDefinition } from './task.ts';
import { type ClaimedKind, claimTasks, type Place } from './task-table.ts';

/** A search of all that is ready is followed by so many times its duration without one, up to POLL_MS, where short cuts serve:
 * searches grow slow while there is much that has been done and is not vacuumed. */
const SEARCH_SHARE = 10;
/** Handlers that have returned and whose tasks have not ended yet: more stop the claiming. */
const MAX_ENDING = 2_000;

export interface ClaimLoop {
  readonly db: Database;
  readonly worker: string;
  readonly definitions: readonly TaskDefinition[];
  readonly concurrency: number;
  readonly crew: Crew;
  /** Rings when there may be something to claim. */
  readonly wakeUp: Bell;
}

export async function claimLoop(loop: ClaimLoop, signal: AbortSignal): Promise<void> {
  const { db, worker, concurrency, crew, wakeUp } = loop;
  const kinds = loop.definitions.map(claimed);
  let places: ReadonlyMap<string, Place> = new Map();
  let searchAt = 0;
  while (!signal.aborted) {
    const wanted = crew.ending > MAX_ENDING ? 0 : concurrency - crew.running;
    if (wanted <= 0) {
      await crew.handFree.wait(POLL_MS, signal);
      continue;
    }
    const sentMs = systemClock.now();
    const search = sentMs >= searchAt;
    const claim = await claimTasks(db, worker, kinds, places, search, wanted).catch((error) => {
      db.telemetry.log.warn({ err: error }, 'no tasks could be claimed; it is tried again');
    });
    const now = systemClock.now();
    if (search) searchAt = now + Math.min((now - sentMs) * SEARCH_SHARE, POLL_MS);
    for (const row of claim?.rows ?? []) crew.begin(row, sentMs);
    places = claim?.places ?? places;
    // The next claim begins with another kind, so that a busy one does not starve the others.
    kinds.push(kinds.shift()!);
    if (claim && claim.rows.length === wanted) continue;
    const nextInMs = search ? (claim?.nextInMs ?? POLL_MS) : searchAt - now;
    await wakeUp.wait(Math.max(0, Math.min(nextInMs, POLL_MS)), signal);
  }
}

function claimed({ kind, leaseMs, lanes }: TaskDefinition): ClaimedKind {
  return { kind, leaseMs, ...lanes };
}
