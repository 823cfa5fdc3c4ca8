/** Tells new messages from repeated and old ones. A sealed message proves that a peer wrote it, not that it
 * was written now: a copy sent again would bring back who left. So each carries the wall clock and a number
 * that grows; a number is accepted once, and only while the clock is within MAX_SKEW_MS of ours. */
import type { Clock } from '@goblin/core';

/** Clocks of machines in one cluster may differ by this much. */
export const MAX_SKEW_MS = 30_000;
const MAX_SENDERS = 10_000;

export type Freshness = 'fresh' | 'repeated' | 'stale';

export interface ReplayGuard {
  check(instance: string, sentAtWall: number, sequence: number): Freshness;
}

export function replayGuard(clock: Clock): ReplayGuard {
  /** Highest number per sender, the sender heard longest ago first. */
  const last = new Map<string, number>();
  return {
    check(instance, sentAtWall, sequence) {
      if (Math.abs(clock.wall() - sentAtWall) > MAX_SKEW_MS) return 'stale';
      const known = last.get(instance);
      if (known !== undefined && sequence <= known) return 'repeated';
      last.delete(instance);
      if (last.size >= MAX_SENDERS) last.delete(last.keys().next().value!);
      last.set(instance, sequence);
      return 'fresh';
    },
  };
}
