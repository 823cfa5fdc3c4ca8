/** The stretch of time that a page is about. In an address it is `last=15m`, which moves on with the clock, or `from` and `to` in
 * milliseconds, which stay. */

export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
  /** Its name in LASTS where it moves on. */
  readonly last?: string;
}

const MINUTE_MS = 60_000;
const HOUR_MS: number = 60 * MINUTE_MS;
const DAY_MS: number = 24 * HOUR_MS;

/** What can be picked, by its name in addresses. */
export const LASTS: Readonly<Record<string, { readonly ms: number; readonly text: string }>> = {
  '15m': { ms: 15 * MINUTE_MS, text: 'last 15 min' },
  '1h': { ms: HOUR_MS, text: 'last hour' },
  '3h': { ms: 3 * HOUR_MS, text: 'last 3 h' },
  '12h': { ms: 12 * HOUR_MS, text: 'last 12 h' },
  '24h': { ms: DAY_MS, text: 'last 24 h' },
  '3d': { ms: 3 * DAY_MS, text: 'last 3 d' },
  '7d': { ms: 7 * DAY_MS, text: 'last 7 d' },
  '30d': { ms: 30 * DAY_MS, text: 'last 30 d' },
};
export const DEFAULT_LAST = '1h';
/** What can be looked at in one question. */
const MAX_SPAN_MS: number = 400 * DAY_MS;

/** What makes no sense is taken for the default. @param usual the default of the page */
export function rangeFrom(query: URLSearchParams, nowMs: number, usual = DEFAULT_LAST): TimeRange {
  const [from, to] = [query.get('from'), query.get('to')].map((text) => Number(text || Number.NaN));
  if (from! < to! && to! - from! <= MAX_SPAN_MS) return { fromMs: from!, toMs: to! };
  const given = query.get('last') ?? '';
  const last = Object.hasOwn(LASTS, given) ? given : usual;
  return { fromMs: nowMs - LASTS[last]!.ms, toMs: nowMs, last };
}

/** What is changed in an address for a range, as withQuery() takes it. */
export function rangeQuery(
  range: TimeRange | string,
  usual = DEFAULT_LAST,
): Record<'last' | 'from' | 'to', string | undefined> {
  if (typeof range === 'string')
    return { last: range === usual ? undefined : range, from: undefined, to: undefined };
  if (range.last !== undefined) return rangeQuery(range.last, usual);
  return { last: undefined, from: String(Math.round(range.fromMs)), to: String(Math.round(range.toMs)) };
}

/** As the server takes it, in seconds. */
export function rangeParameters({ fromMs, toMs }: TimeRange): string {
  return `start=${fromMs / 1_000}&end=${toMs / 1_000}`;
}

const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400];

/** The smallest round step by which the range has at most so many. */
export function stepOf({ fromMs, toMs }: TimeRange, maxSteps: number): number {
  const least = (toMs - fromMs) / 1_000 / maxSteps;
  return (STEPS_S.find((step) => step >= least) ?? Math.ceil(least / 86_400) * 86_400) * 1_000;
}

/** For `<input type="datetime-local">`, in the time of the browser. */
export function localText(ms: number): string {
  const date = new Date(ms - new Date(ms).getTimezoneOffset() * MINUTE_MS);
  return date.toISOString().slice(0, 19);
}
