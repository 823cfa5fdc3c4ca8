/** Allows `perSecond` on average and as many at once. */
import type { Clock } from '@goblin/core';

export interface TokenBucket {
  take(): boolean;
}

export function tokenBucket(clock: Clock, perSecond: number): TokenBucket {
  let tokens = perSecond;
  let filledAt = clock.now();
  return {
    take() {
      const now = clock.now();
      tokens = Math.min(perSecond, tokens + ((now - filledAt) / 1_000) * perSecond);
      filledAt = now;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}
