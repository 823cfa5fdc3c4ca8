/** Limits how often each of many keys may do something: the generic cell rate algorithm (ITU-T I.371, ATM Forum
 * Traffic Management 4.0) in its virtual-scheduling form. It keeps one number per key, the time at which the key's
 * allowance is whole again. `100/s` lets a burst of 100 pass at once and then one each 10 ms, with no window edges to
 * play: in no stretch of t seconds pass more than burst + rate * t. What is refused costs its key nothing.
 *
 * The table holds at most `maxKeys`. Keys at rest, whose allowance is whole, are as good as unknown and are taken out
 * as new ones come; where all are busy, the one that passed longest ago goes, and its count is forgiven: a flood of
 * keys cannot take memory. Each process counts for itself. */
import { type Clock, systemClock } from './clock.ts';
import { GoblinError } from './errors.ts';

const DEFAULT_MAX_KEYS = 100_000;
/** How many of those that passed longest ago are looked at for each new key. Above 1, so that the resting ones become
 * fewer as fast as they come. */
const SWEEP_STEP = 2;
/** Of the time between two: ten tenths of a second must add up to one second, whatever floating point says. */
const ROUNDING = 1e-3;

const PERIODS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** `100/s`, `1000/m`, `50/h` */
export type RateText = `${number}/${'s' | 'm' | 'h'}`;

export interface Rate {
  readonly count: number;
  readonly periodMs: number;
}

/** @throws INVALID_INPUT */
export function parseRate(text: RateText | (string & {})): Rate {
  const [, count, period] = /^([1-9]\d{0,8})\/([smh])$/.exec(text) ?? [];
  if (count !== undefined) return { count: Number(count), periodMs: PERIODS_MS[period!]! };
  throw new GoblinError('INVALID_INPUT', {
    message: `${JSON.stringify(text)} is not a rate such as '100/s', '1000/m' or '50/h'`,
  });
}

export interface RateVerdict {
  readonly allowed: boolean;
  /** How many could follow at once. */
  readonly remaining: number;
  /** Until one more is allowed; 0 when this one was. */
  readonly retryAfterMs: number;
  /** Until the allowance is whole again. */
  readonly resetMs: number;
}

export interface RateLimiter extends Rate {
  readonly burst: number;
  /** How many keys it remembers. */
  readonly size: number;
  /** Counts one of this key, if that is allowed. */
  take(key: string): RateVerdict;
}

export interface RateLimiterOptions {
  /** `'100/s'` */
  readonly rate: RateText | Rate;
  /** How many may pass at once after a rest. Default: as many as in one period. */
  readonly burst?: number;
  /** Default 100,000. */
  readonly maxKeys?: number;
  readonly clock?: Clock;
}

/** @throws INVALID_INPUT when the rate or the burst is none. */
export function rateLimiter(options: RateLimiterOptions): RateLimiter {
  const { rate, maxKeys = DEFAULT_MAX_KEYS, clock = systemClock } = options;
  const { count, periodMs } = typeof rate === 'string' ? parseRate(rate) : rate;
  const burst = options.burst ?? count;
  if (!(Number.isInteger(burst) && burst >= 1))
    throw new GoblinError('INVALID_INPUT', { message: `a burst is a whole number from 1, not ${burst}` });
  /** One each so many milliseconds; what passes pushes the time of the whole allowance so far into the future. */
  const intervalMs = periodMs / count;
  const allowanceMs = burst * intervalMs;
  const roundingMs = intervalMs * ROUNDING;
  /** When the allowance of each key is whole again. Who passed longest ago comes first. */
  const wholeAt = new Map<string, number>();

  function makeRoom(now: number): void {
    let looked = 0;
    for (const [key, at] of wholeAt) {
      if (at <= now) wholeAt.delete(key);
      if (++looked === SWEEP_STEP) break;
    }
    if (wholeAt.size >= maxKeys) wholeAt.delete(wholeAt.keys().next().value!);
  }

  return {
    count,
    periodMs,
    burst,
    get size() {
      return wholeAt.size;
    },
    take(key) {
      const now = clock.now();
      const known = wholeAt.get(key);
      const usedMs = known === undefined ? 0 : Math.max(0, known - now);
      const overMs = usedMs + intervalMs - allowanceMs;
      if (overMs > roundingMs) return { allowed: false, remaining: 0, retryAfterMs: overMs, resetMs: usedMs };
      if (known === undefined) makeRoom(now);
      else wholeAt.delete(key);
      const resetMs = usedMs + intervalMs;
      wholeAt.set(key, now + resetMs);
      const remaining = Math.floor((allowanceMs - resetMs + roundingMs) / intervalMs);
      return { allowed: true, remaining, retryAfterMs: 0, resetMs };
    },
  };
}
