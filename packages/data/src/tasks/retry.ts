/** When a task that failed is tried again: after a pause that grows by FACTOR, shortened at random so that tasks which failed
 * together do not come back together. Short pauses are waited for in the process that holds the task, long ones in
 * the table. */
import { type Duration, milliseconds } from '@goblin/core';

const DEFAULT_ATTEMPTS = 5;
const DEFAULT_FIRST_MS = 200;
const DEFAULT_MAX_MS = 300_000;
const FACTOR = 4;
/** Pauses up to this, and up to a third of the lease, are waited for in the process. */
const MAX_HOT_MS = 1_000;

export interface RetryOptions {
  /** How often it is tried at most. Default 5, or without end where `for` is given. */
  readonly attempts?: number;
  /** For how long after it became ready it is tried. */
  readonly for?: Duration;
  /** The pause after the first failure (default 200 ms) and the longest one (default 5 min). */
  readonly backoff?: { readonly first?: Duration; readonly max?: Duration };
}

export interface RetryPolicy {
  readonly attempts: number;
  readonly forMs: number;
  readonly firstMs: number;
  readonly maxMs: number;
}

export function retryPolicy(options: RetryOptions = {}): RetryPolicy {
  const { attempts, for: within, backoff = {} } = options;
  const firstMs = backoff.first === undefined ? DEFAULT_FIRST_MS : milliseconds(backoff.first);
  return {
    attempts: attempts ?? (within === undefined ? DEFAULT_ATTEMPTS : Number.POSITIVE_INFINITY),
    forMs: within === undefined ? Number.POSITIVE_INFINITY : milliseconds(within),
    firstMs,
    maxMs: backoff.max === undefined ? Math.max(DEFAULT_MAX_MS, firstMs) : milliseconds(backoff.max),
  };
}

/** Whether a task that has failed so often, this long after it became ready, is tried once more. */
export function mayRetry(policy: RetryPolicy, attempt: number, ageMs: number): boolean {
  return attempt < policy.attempts && ageMs < policy.forMs;
}

/** The pause after attempt number `attempt`; `random` is from [0, 1). */
export function pauseMs(policy: RetryPolicy, attempt: number, random: number): number {
  return Math.min(policy.firstMs * FACTOR ** (attempt - 1), policy.maxMs) * (0.5 + random / 2);
}

export function isHot(pause: number, leaseMs: number): boolean {
  return pause <= Math.min(MAX_HOT_MS, leaseMs / 3);
}
