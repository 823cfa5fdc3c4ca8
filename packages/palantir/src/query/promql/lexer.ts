/** Cuts a query into tokens. */
import { STRING, scan } from '../scan.ts';
import { durationAt } from './duration.ts';
import { syntaxError } from './syntax-error.ts';

export type Token =
  | { readonly kind: 'name' | 'symbol' | 'string'; readonly text: string; readonly at: number }
  | {
      readonly kind: 'number' | 'duration';
      readonly text: string;
      readonly value: number;
      readonly at: number;
    }
  | { readonly kind: 'end'; readonly text: ''; readonly at: number };

const NAME = /[a-zA-Z_:][\w:]*/y;
const NUMBER = /0x[\da-f]+|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?/iy;
/** Between brackets a colon stands between range and step, elsewhere it is part of a name. */
const COLON = /:/y;
const SYMBOL = /==|!=|=~|!~|<=|>=|[-+*/%^<>=(){}[\],@]/y;
const PLAIN = [
  ['name', NAME],
  ['string', STRING],
  ['symbol', SYMBOL],
] as const;

export function tokensOf(query: string): Token[] {
  let isInBrackets = false;
  const tokens = scan<Token>(query, (at, take) => {
    if (isInBrackets && take(COLON)) return { kind: 'symbol', text: ':', at };
    const duration = durationAt(query, at);
    if (duration && !/\w/.test(query[at + duration.length] ?? ''))
      return { kind: 'duration', text: query.slice(at, at + duration.length), value: duration.ms, at };
    const number = take(NUMBER);
    if (number !== undefined) return { kind: 'number', text: number, value: Number(number), at };
    for (const [kind, pattern] of PLAIN) {
      const text = take(pattern);
      if (text === undefined) continue;
      if (text === '[' || text === ']') isInBrackets = text === '[';
      return { kind, text, at };
    }
    return undefined;
  });
  return [...tokens, { kind: 'end', text: '', at: query.length }];
}

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
  ...{ '\\': '\\', '"': '"', "'": "'" },
};

/** What a text in quotes says, with the escapes of Go; between backquotes there are none. */
export function unquoted(query: string, { text, at }: Token): string {
  const inner = text.slice(1, -1);
  if (text.startsWith('`')) return inner;
  return inner.replace(/\\(x[\da-f]{2}|u[\da-f]{4}|U[\da-f]{8}|[0-7]{3}|.)/gi, (_, escaped: string) => {
    const plain = ESCAPES[escaped];
    if (plain !== undefined) return plain;
    const code = /^[0-7]/.test(escaped) ? Number.parseInt(escaped, 8) : Number.parseInt(escaped.slice(1), 16);
    if (escaped.length === 1 || Number.isNaN(code) || code > 0x10ffff)
      throw syntaxError(query, at, `\\${escaped} is no escape`);
    return String.fromCodePoint(code);
  });
}
