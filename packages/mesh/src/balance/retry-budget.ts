/** Bounds how much retries add to the load: each request deposits a share of a retry, each retry withdraws a whole
 * one, and a small allowance flows in by itself so that a quiet caller can retry at all. When everything fails,
 * retries are then a fifth more load and not four times as much. After Finagle's RetryBudget: what was
 * deposited counts for WINDOW_MS. */
import type { Clock } from '@goblin/core';

const REQUESTS_PER_RETRY = 5;
const MIN_PER_SECOND = 10;
const WINDOW_MS = 10_000;
const SLOT_MS = 1_000;
const SLOTS = WINDOW_MS / SLOT_MS;

export interface RetryBudget {
  /** A request begins. @param now for who has read the clock already. */
  deposit(now?: number): void;
  /** Whether a retry may be made now; takes it if so. */
  tryWithdraw(): boolean;
  /** How many retries may be made now. */
  readonly balance: number;
}

export function retryBudget(clock: Clock): RetryBudget {
  /** Requests less what retries cost, one slot per second, used in turn. */
  const slots = new Float64Array(SLOTS);
  let current = 0;
  let currentSince = clock.now();

  function turn(now: number): void {
    let steps = Math.floor((now - currentSince) / SLOT_MS);
    if (steps <= 0) return;
    currentSince += steps * SLOT_MS;
    for (steps = Math.min(steps, SLOTS); steps > 0; steps--) {
      current = (current + 1) % SLOTS;
      slots[current] = 0;
    }
  }

  function balance(): number {
    turn(clock.now());
    const saved = slots.reduce((sum, slot) => sum + slot, 0);
    return saved / REQUESTS_PER_RETRY + (MIN_PER_SECOND * WINDOW_MS) / 1_000;
  }

  return {
    deposit(now = clock.now()) {
      turn(now);
      slots[current]! += 1;
    },
    tryWithdraw() {
      if (balance() < 1) return false;
      slots[current]! -= REQUESTS_PER_RETRY;
      return true;
    },
    get balance() {
      return Math.max(0, Math.floor(balance()));
    },
  };
}
