/** Lets each order through once. A sealed order proves that a member wrote it, not that it is new: a copy sent again
 * would be carried out again. So it counts only while its stamp is within MAX_SKEW_MS of our clock, and for as long as it
 * could count its nonce is remembered. Members alone get so far; should they send more than MAX_REMEMBERED orders within
 * that time, further ones are refused rather than old ones forgotten. */
import type { Clock } from '@goblin/core';
import { MAX_SKEW_MS } from '../discovery/replay-guard.ts';

const MAX_REMEMBERED = 20_000;

export type Freshness = 'fresh' | 'repeated' | 'stale' | 'too many';

export interface OnceOnly {
  check(nonce: string, sentAtWall: number): Freshness;
}

export function onceOnly(clock: Clock): OnceOnly {
  /** Nonce → when it no longer counts, by the monotonic clock; in the order of that. */
  const seen = new Map<string, number>();
  return {
    check(nonce, sentAtWall) {
      if (Math.abs(clock.wall() - sentAtWall) > MAX_SKEW_MS) return 'stale';
      if (seen.has(nonce)) return 'repeated';
      const now = clock.now();
      for (const [old, until] of seen) {
        if (until > now) break;
        seen.delete(old);
      }
      if (seen.size >= MAX_REMEMBERED) return 'too many';
      // Its stamp may be ahead of our clock by MAX_SKEW_MS, and count for as long after.
      seen.set(nonce, now + 2 * MAX_SKEW_MS);
      return 'fresh';
    },
  };
}
