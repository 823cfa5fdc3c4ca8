/** Until when Sentry wants no more errors, by what it answers
 * (https://develop.sentry.dev/sdk/expected-features/rate-limiting/). */

const DEFAULT_SECONDS = 60;
/** A server that asks for more is mistaken. */
const MAX_SECONDS = 24 * 60 * 60;

/** Seconds to send nothing: of `X-Sentry-Rate-Limits` those that concern errors, else of `Retry-After` when the
 * status is 429. 0 when there is no limit. */
export function pauseSeconds(status: number, headers: Headers, nowMs: number): number {
  const limits = headers.get('x-sentry-rate-limits');
  if (limits !== null) return bounded(Math.max(0, ...limits.split(',').map(secondsOfLimit)));
  return status === 429 ? bounded(secondsOfRetryAfter(headers.get('retry-after'), nowMs)) : 0;
}

/** Of `60:error;transaction:organization`. No category means all. */
function secondsOfLimit(limit: string): number {
  const [seconds = '', categories = ''] = limit.trim().split(':');
  const concerns = categories === '' || categories.split(';').includes('error');
  if (!concerns) return 0;
  return seconds !== '' && Number.isFinite(Number(seconds)) ? Number(seconds) : DEFAULT_SECONDS;
}

/** Seconds or a date (RFC 9110, section 10.2.3). */
function secondsOfRetryAfter(value: string | null, nowMs: number): number {
  if (value === null) return DEFAULT_SECONDS;
  if (/^\d+$/.test(value)) return Number(value);
  const at = Date.parse(value);
  return Number.isNaN(at) ? DEFAULT_SECONDS : Math.max(0, (at - nowMs) / 1_000);
}

function bounded(seconds: number): number {
  return Math.min(seconds, MAX_SECONDS);
}
