/** Cuts a query of logs or traces into tokens. Names may have dots and hyphens within, as attributes do (`http.route`, `x-request-id`),
 * and a dot before (`.http.route`). */
import { syntaxError } from './promql/syntax-error.ts';
import { STRING, scan } from './scan.ts';

export interface Token {
  readonly kind: 'name' | 'symbol' | 'string' | 'number' | 'duration' | 'end';
  /** As it is written. */
  readonly text: string;
  /** Of a number; of a duration in milliseconds. */
  readonly value: number;
  readonly at: number;
}

const NAME = /\.?[a-zA-Z_]\w*(?:[.-]\w+)*/y;
const NUMBER = /[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?/iy;
const SYMBOL = /\|=|\|~|\|\||&&|!=|!~|=~|==|>=|<=|[|=<>{}()[\],]/y;
/** As Go writes them: `1.5s`, `1h30m`, `250us`. */
const DURATION = /(?:\d+(?:\.\d+)?(?:ns|us|µs|μs|ms|s|m|h|d|w))+/y;
const DURATION_PART = /(\d+(?:\.\d+)?)(ns|us|µs|μs|ms|s|m|h|d|w)/g;
const UNITS_MS: Readonly<Record<string, number>> = {
  ...{ ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1_000 },
  ...{ m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 },
};

const PLAIN = [
  ['name', NAME],
  ['string', STRING],
  ['symbol', SYMBOL],
] as const;

/** @throws INVALID_INPUT that names line and column */
export function tokensOf(query: string): Token[] {
  const tokens = scan<Token>(query, (at, take) => {
    const endsWord = (text: string): boolean => !/[\w.]/.test(query[at + text.length] ?? '');
    const duration = take(DURATION);
    if (duration !== undefined && endsWord(duration))
      return { kind: 'duration', text: duration, value: durationMsOf(duration)!, at };
    const number = take(NUMBER);
    if (number !== undefined) {
      if (endsWord(number)) return { kind: 'number', text: number, value: Number(number), at };
      throw syntaxError(
        query,
        at,
        'this is neither a number nor a duration such as 200ms; texts stand in quotes',
      );
    }
    for (const [kind, pattern] of PLAIN) {
      const text = take(pattern);
      if (text !== undefined) return { kind, text, value: 0, at };
    }
    return undefined;
  });
  return [...tokens, { kind: 'end', text: '', value: 0, at: query.length }];
}

/** The milliseconds of a text that is a duration and nothing else. */
export function durationMsOf(text: string): number | undefined {
  DURATION.lastIndex = 0;
  if (DURATION.exec(text)?.[0].length !== text.length || text === '') return undefined;
  let ms = 0;
  for (const [, count, unit] of text.matchAll(DURATION_PART)) ms += Number(count) * UNITS_MS[unit!]!;
  return ms;
}
