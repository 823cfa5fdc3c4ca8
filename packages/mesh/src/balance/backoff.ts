/** How long to wait before the next attempt, with full jitter: callers that failed together do not come back
 * together. https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/ */
const BASE_MS = 25;
const MAX_MS = 1_000;

/** @param retry 0 for the first. */
export function backoffMs(retry: number, random: () => number): number {
  return random() * Math.min(MAX_MS, BASE_MS * 2 ** Math.min(retry, 10));
}
