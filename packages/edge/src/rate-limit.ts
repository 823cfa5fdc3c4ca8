/** The limit of a route: whose calls it counts, how many pass, and what a client is told of that. The counting is the
 * platform's one rate limiter. Each edge counts for itself. */
import {
  type Clock,
  GoblinError,
  type RateLimiter,
  type RateText,
  type RateVerdict,
  rateLimiter,
} from '@goblin/core';

export type LimitScope = 'client' | 'tenant' | 'all';

export interface RouteLimit extends RateLimiter {
  readonly scope: LimitScope;
}

/** @param text `100/s per client`, `1000/m per tenant`, `50/s`. @throws CONFIG_INVALID */
export function routeLimit(text: string, clock: Clock): RouteLimit {
  const match = /^([1-9]\d{0,8}\/[smh])(?: per (client|tenant))?$/.exec(text);
  if (!match) {
    throw new GoblinError('CONFIG_INVALID', {
      message: `limit ${JSON.stringify(text)} is not of the form "100/s", "100/s per client" or "1000/m per tenant"`,
    });
  }
  const scope = (match[2] as LimitScope | undefined) ?? 'all';
  return Object.assign(rateLimiter({ rate: match[1] as RateText, clock }), { scope });
}

/** The header fields of draft-ietf-httpapi-ratelimit-headers, as a flat list of names and values. */
export function rateLimitHeaders(limit: RouteLimit, verdict: RateVerdict): string[] {
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
