/** Limits how often callers may call: the generic cell rate algorithm (ITU-T I.371), which keeps one number per
 * caller, the time at which its allowance will be whole again. `100/s` lets a burst of 100 pass at once and then
 * one each 10 ms, with no window edges to play. The table holds MAX_KEYS callers; when it is full, those whose
 * allowance is whole go first, then the one seen first, whose count is then forgiven: a flood of addresses
 * cannot take memory. Each edge counts for itself. */
import { type Clock, GoblinError } from '@goblin/core';

const MAX_KEYS = 100_000;
/** How many old entries one new caller may clear away. */
const SWEEP_STEP = 16;
/** Ten calls of a tenth of a second must add up to one second, whatever floating point says. */
const ROUNDING_MS = 1e-6;

const PERIODS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

export type LimitScope = 'client' | 'tenant' | 'all';

export interface Verdict {
  readonly allowed: boolean;
  /** Calls that could follow at once. */
  readonly remaining: number;
  /** Until one more call is allowed; 0 when it is already. */
  readonly retryAfterMs: number;
  /** Until the allowance is whole again. */
  readonly resetMs: number;
}

export interface RateLimit {
  readonly scope: LimitScope;
  readonly count: number;
  readonly periodMs: number;
  take(key: string): Verdict;
}

/** @param text `100/s per client`, `1000/m per tenant`, `50/s`. @throws CONFIG_INVALID */
export function rateLimit(text: string, clock: Clock, maxKeys = MAX_KEYS): RateLimit {
  const match = /^([1-9]\d{0,8})\/([smh])(?: per (client|tenant))?$/.exec(text);
  if (!match) {
    throw new GoblinError('CONFIG_INVALID', {
      message: `limit ${JSON.stringify(text)} is not of the form "100/s", "100/s per client" or "1000/m per tenant"`,
    });
  }
  const count = Number(match[1]);
  const periodMs = PERIODS_MS[match[2]!]!;
  const emissionMs = periodMs / count;
  /** When each caller's allowance is whole again, on the clock. In the order in which callers were last new. */
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
    scope: (match[3] as LimitScope | undefined) ?? 'all',
    count,
    periodMs,
    take(key) {
      const now = clock.now();
      const known = wholeAt.get(key);
      const at = Math.max(known ?? now, now) + emissionMs;
      const overMs = at - now - periodMs;
      if (overMs > ROUNDING_MS) {
        return { allowed: false, remaining: 0, retryAfterMs: overMs, resetMs: at - emissionMs - now };
      }
      if (known === undefined && wholeAt.size >= maxKeys) makeRoom(now);
      wholeAt.set(key, at);
      const remaining = Math.floor((periodMs - (at - now) + ROUNDING_MS) / emissionMs);
      return { allowed: true, remaining, retryAfterMs: 0, resetMs: at - now };
    },
  };
}

/** The header fields of draft-ietf-httpapi-ratelimit-headers, as a flat list of names and values. */
export function rateLimitHeaders(limit: RateLimit, verdict: Verdict): string[] {
  const headers = [
    'ratelimit-policy',
    `"${limit.scope}";q=${limit.count};w=${limit.periodMs / 1_000}`,
    'ratelimit',
    `"${limit.scope}";r=${verdict.remaining};t=${Math.ceil(verdict.resetMs / 1_000)}`,
  ];
  if (!verdict.allowed)
    headers.push('retry-after', String(Math.max(1, Math.ceil(verdict.retryAfterMs / 1_000))));
  return headers;
}
