/** Lets each caller call so often and no more: GCRA (packages/core, rate-limiter.ts). A burst passes at once, then one
 * per interval; what is beyond fails with RESOURCE_EXHAUSTED, which says when to come back, and costs its caller
 * nothing. Each instance counts for itself: behind n instances the limit of all is up to n times as much, and a
 * refused call that is idempotent may be tried on one other.
 *
 * Defaults: per caller; a burst of as many as one period allows; 100,000 callers are remembered, those at rest
 * forgotten first. */
import {
  type Call,
  type Filter,
  GoblinError,
  type RateLimiterOptions,
  type RateText,
  rateLimiter,
} from '@goblin/core';
import { type Caller, keyFunction } from './caller-key.ts';
import { DEFAULT_NAME, type FilterOptions } from './filter-options.ts';

export interface RateLimitOptions<Request>
  extends FilterOptions,
    Pick<RateLimiterOptions, 'burst' | 'maxKeys'> {
  /** `'100/s'`, `'1000/m'`, `'50/h'` */
  readonly rate: RateText;
  /** Whose calls are counted together. Default `caller`. */
  readonly per?: Caller | ((request: Request) => string);
}

/** @example serve(payments, handlers, { filters: [rateLimit({ rate: '100/s', per: 'tenant' })] })
 * @throws INVALID_INPUT when the rate or the burst is none. The filter rejects with RESOURCE_EXHAUSTED and
 * `data.retryAfterMs`. */
export function rateLimit<Request = Call, Response = unknown>(
  options: RateLimitOptions<Request>,
): Filter<Request, Response> {
  const { rate, name = DEFAULT_NAME, metrics, per = 'caller' } = options;
  const limiter = rateLimiter(options);
  const keyOf = keyFunction(per);
  const limited = metrics
    ?.counter('rate_limited_total', {
      help: 'Calls refused because their caller had used up its rate limit.',
      labels: ['filter'],
    })
    .with(name);
  return async (request, next) => {
    const verdict = limiter.take(keyOf(request));
    if (verdict.allowed) return next(request);
    limited?.add();
    const retryAfterMs = Math.ceil(verdict.retryAfterMs);
    throw new GoblinError('RESOURCE_EXHAUSTED', {
      message: `the rate limit of ${rate}${whose(per)} is reached: try again in ${retryAfterMs} ms`,
      data: { retryAfterMs },
    });
  };
}

function whose(per: unknown): string {
  if (per === 'all') return '';
  return ` per ${typeof per === 'string' ? per : 'key'}`;
}
