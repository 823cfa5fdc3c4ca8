/** How fast a backfill goes: never so that others notice.
 *
 * - It holds still while a replica is behind, many statements run, or statements wait for locks.
 * - It rests after each batch for as long as that took, so that it takes half of one connection at most; for four times as long
 *   while rows take more than twice the time that they took at best (an average that follows, so others are busy).
 * - A batch is as large as TARGET_MS allows, since rows are locked for as long; one that fails for a lock is halved. */
import type { Pressure } from './pressure.ts';

export const MAX_REPLICA_SECONDS = 5;
export const MAX_REPLICA_BYTES = 64 * 1_048_576;
export const MAX_ACTIVE_STATEMENTS = 32;
export const MAX_LOCK_WAITS = 4;

const TARGET_MS = 200;
const FIRST_ROWS = 100;
const MIN_ROWS = 10;
const SLOW = 2;
const SLOW_REST = 4;
/** Weight of the newest batch in the average. */
const WEIGHT = 0.2;
/** The best of long ago is forgotten. */
const FORGET = 1.01;

/** `replica`: one is behind. `statements`: many run. `locks`: many statements wait for them. */
export const HOLD_REASONS = ['replica', 'statements', 'locks'] as const;

export interface Hold {
  readonly reason: (typeof HOLD_REASONS)[number];
  /** For a person: `a replica is 12 s behind`. */
  readonly text: string;
}

/** Why to hold still; undefined when there is no reason. */
export function reasonToHold(pressure: Pressure): Hold | undefined {
  const { replicaSeconds, replicaBytes, activeStatements, lockWaits } = pressure;
  if (replicaSeconds > MAX_REPLICA_SECONDS)
    return { reason: 'replica', text: `a replica is ${replicaSeconds.toFixed(0)} s behind` };
  if (replicaBytes > MAX_REPLICA_BYTES)
    return { reason: 'replica', text: `a replica is ${(replicaBytes / 1_048_576).toFixed(0)} MB behind` };
  if (activeStatements > MAX_ACTIVE_STATEMENTS)
    return { reason: 'statements', text: `${activeStatements} statements are running` };
  if (lockWaits > MAX_LOCK_WAITS) return { reason: 'locks', text: `${lockWaits} statements wait for locks` };
  return undefined;
}

export class Throttle {
  readonly #maxRows: number;
  #rows: number;
  #msPerRow: number | undefined;
  #bestMsPerRow = Number.POSITIVE_INFINITY;

  constructor(maxRows: number) {
    this.#maxRows = maxRows;
    this.#rows = Math.min(maxRows, FIRST_ROWS);
  }

  /** How many rows the next batch walks through. */
  get batchRows(): number {
    return this.#rows;
  }

  /** After a batch: how long to rest, in milliseconds. */
  restAfter(tookMs: number, changed: number): number {
    const wanted = this.#rows * Math.min(2, Math.max(0.5, TARGET_MS / Math.max(tookMs, 1)));
    this.#resize(wanted);
    return tookMs * (this.#isSlow(tookMs, changed) ? SLOW_REST : 1);
  }

  /** After a batch that failed because others were there first. */
  giveWay(): void {
    this.#resize(this.#rows / 2);
  }

  #isSlow(tookMs: number, changed: number): boolean {
    if (changed === 0) return false;
    const now = tookMs / changed;
    this.#msPerRow = this.#msPerRow === undefined ? now : this.#msPerRow * (1 - WEIGHT) + now * WEIGHT;
    this.#bestMsPerRow = Math.min(this.#bestMsPerRow * FORGET, this.#msPerRow);
    return this.#msPerRow > this.#bestMsPerRow * SLOW;
  }

  #resize(rows: number): void {
    this.#rows = Math.round(Math.max(Math.min(MIN_ROWS, this.#maxRows), Math.min(this.#maxRows, rows)));
  }
}
