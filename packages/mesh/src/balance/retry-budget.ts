/** Bounds how much retries add to the load: to a share of the requests of the last WINDOW_MS, or to a small allowance
 * where that is more, so that a quiet caller can retry at all. When everything fails, retries are then a fifth more load
 * and not four times as much. After Finagle's RetryBudget, which gives the allowance to busy callers too. */
import type { Clock } from '@goblin/core';

const REQUESTS_PER_RETRY = 5;
const MIN_PER_SECOND = 10;
const WINDOW_MS = 10_000;
const SLOT_MS = 1_000;
const SLOTS = WINDOW_MS / SLOT_MS;
const ALLOWANCE = (MIN_PER_SECOND * WINDOW_MS) / 1_000;

export interface RetryBudget {
  /** A request begins. @param now for who has read the clock already. */
  deposit(now?: number): void;
  /** Whether a retry may be made now; takes it if so. */
  tryWithdraw(): boolean;
  /** How many retries may be made now. */
  readonly balance: number;
}

export function retryBudget(clock: Clock): RetryBudget {
  /** One slot per second, used in turn. */
  const requests = new Float64Array(SLOTS);
  const retries = new Float64Array(SLOTS);
  let current = 0;
  let currentSince = clock.now();

  function turn(now: number): void {
    let steps = Math.floor((now - currentSince) / SLOT_MS);
    if (steps <= 0) return;
    currentSince += steps * SLOT_MS;
    for (steps = Math.min(steps, SLOTS); steps > 0; steps--) {
      current = (current + 1) % SLOTS;
      requests[current] = 0;
      retries[current] = 0;
    }
  }

  function balance(): number {
    turn(clock.now());
    return Math.max(sum(requests) / REQUESTS_PER_RETRY, ALLOWANCE) - sum(retries);
  }

  return {
    deposit(now = clock.now()) {
      turn(now);
      requests[current]! += 1;
    },
    tryWithdraw() {
      if (balance() < 1) return false;
      retries[current]! += 1;
      return true;
    },
    get balance() {
      return Math.max(0, Math.floor(balance()));
    },
  };
}

function sum(slots: Float64Array): number {
  return slots.reduce((all, slot) => all + slot, 0);
}
