/** Calls of services over 30 days, so many good and bad in each stretch, as counters and as plain numbers to compare with. */
import type { Sample } from '../../model.ts';

export const DAY_MS = 86_400_000;
export const MINUTE_MS = 60_000;
export const ERROR_SHARE =
  'sum by (service) (rate(failed_total[$window])) / sum by (service) (rate(calls_total[$window]))';
/** Sampled so often within the last RECENT_MS, and before that so often. */
const RECENT_PERIOD_MS = MINUTE_MS;
const PERIOD_MS: number = 10 * MINUTE_MS;
export const RECENT_MS: number = 6 * 60 * MINUTE_MS;

/** What happened between the sample before and this one. */
export interface Stretch {
  readonly atMs: number;
  readonly all: number;
  readonly bad: number;
}

export interface Calls {
  readonly samples: readonly Sample[];
  readonly stretches: readonly Stretch[];
}

/** @param badShare of a stretch that ends so many milliseconds before the end
 * @param restartMs the counters begin anew so often */
export function calls(
  service: string,
  endMs: number,
  badShare: (beforeMs: number) => number,
  restartMs: number = Number.POSITIVE_INFINITY,
): Calls {
  const random = randomFrom(service.length);
  const stretches: Stretch[] = [];
  const samples: Sample[] = [];
  let [all, bad, startedMs] = [1_000_000, 1_000, endMs - 30 * DAY_MS];
  for (const atMs of timesUntil(endMs)) {
    if (atMs - startedMs > restartMs) [all, bad, startedMs] = [0, 0, atMs];
    const more = 500 + Math.floor(random() * 1_000);
    const failed = Math.round(more * badShare(endMs - atMs));
    all += more;
    bad += failed;
    // What lies before the first sample of the window is not in the window.
    if (samples.length > 0) stretches.push({ atMs, all: more, bad: failed });
    samples.push({ series: { __name__: 'calls_total', service, instance: 'a' }, atMs, value: all });
    samples.push({ series: { __name__: 'failed_total', service, instance: 'a' }, atMs, value: bad });
  }
  return { samples, stretches };
}

/** The share that was bad in the stretches after `fromMs`. */
export function plainShare(stretches: readonly Stretch[], fromMs: number, toMs: number): number {
  const within = stretches.filter(({ atMs }) => atMs > fromMs && atMs <= toMs);
  const sum = (key: 'all' | 'bad'): number => within.reduce((total, stretch) => total + stretch[key], 0);
  return sum('bad') / sum('all');
}

function timesUntil(endMs: number): number[] {
  const times: number[] = [];
  for (let atMs = endMs - 30 * DAY_MS; atMs < endMs - RECENT_MS; atMs += PERIOD_MS) times.push(atMs);
  for (let atMs = endMs - RECENT_MS; atMs <= endMs; atMs += RECENT_PERIOD_MS) times.push(atMs);
  return times;
}

function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
