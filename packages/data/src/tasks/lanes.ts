/** Limits of a lane: how many of its tasks run at once, and how many start in a time. They hold over all processes. The
 * rate is a token bucket: after a rest, as many as fit into BURST_MS may start at once. */
import { GoblinError, parseRate, type RateText } from '@goblin/core';

/** The bucket's size, as time. So in any second at most a tenth more start than the rate says. */
const BURST_MS = 100;
/** Characters of a lane's name. */
export const MAX_LANE = 200;
/** The lane of a kind that has limits and no lanes of its own. */
export const ONLY_LANE = '*';

export interface LaneLimits {
  /** Tasks of a lane that run at the same time. */
  readonly concurrency?: number;
  /** Starts, repeated ones included: `'10/s'` */
  readonly rate?: RateText;
}

export interface LanePolicy {
  readonly concurrency: number | undefined;
  /** A start each so many milliseconds. */
  readonly everyMs: number | undefined;
  /** Starts at once after a rest. */
  readonly burst: number | undefined;
}

/** @throws INVALID_INPUT */
export function lanePolicy(limits: LaneLimits | undefined): LanePolicy {
  const { concurrency, rate } = limits ?? {};
  if (concurrency !== undefined && !(Number.isInteger(concurrency) && concurrency >= 1))
    throw new GoblinError('INVALID_INPUT', {
      message: `the concurrency of lanes is a whole number from 1, not ${concurrency}`,
    });
  if (rate === undefined) return { concurrency, everyMs: undefined, burst: undefined };
  const { count, periodMs } = parseRate(rate);
  const everyMs = periodMs / count;
  return { concurrency, everyMs, burst: Math.max(1, Math.floor(BURST_MS / everyMs)) };
}
