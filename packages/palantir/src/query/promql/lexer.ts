/** Cuts a query into tokens. Comments go from `#` to the end of the line. */
import { durationAt } from './duration.ts';
import { syntaxError } from './syntax-error.ts';

export const MAX_QUERY_LENGTH = 10_000;

export type Token =
  | { readonly kind: 'name' | 'symbol' | 'string'; readonly text: string; readonly at: number }
  | {
      readonly kind: 'number' | 'duration';
      readonly text: string;
      readonly value: number;
      readonly at: number;
    }
  | { readonly kind: 'end'; readonly text: ''; readonly at: number };

const SPACE = /(?:\s|#[^\n]*)+/y;
const NAME = /[a-zA-Z_:][\w:]*/y;
const NUMBER = /0x[\da-f]+|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?/iy;
/** Between brackets a colon stands between range and step, elsewhere it is part of a name. */
const COLON = /:/y;
const SYMBOL = /==|!=|=~|!~|<=|>=|[-+*/%^<>=(){}[\],@]/y;
const STRING = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`/y;

export function tokensOf(query: string): Token[] {
  if (query.length > MAX_QUERY_LENGTH)
    throw syntaxError(
      '',
      0,
      `it has ${query.length} characters, and ${MAX_QUERY_LENGTH} at most are allowed`,
    );
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(query)?.[0];
  };
  for (;;) {
    at += take(SPACE)?.length ?? 0;
    if (at === query.length) return [...tokens, { kind: 'end', text: '', at }];
    const opened = tokens.findLast(({ text }) => text === '[' || text === ']')?.text === '[';
    const token = next(query, at, take, opened);
    tokens.push(token);
    at += token.text.length;
  }
}

function next(
  query: string,
  at: number,
  take: (pattern: RegExp) => string | undefined,
  isInBrackets: boolean,
): Token {
  if (isInBrackets && take(COLON)) return { kind: 'symbol', text: ':', at };
  const duration = durationAt(query, at);
  if (duration && !/\w/.test(query[at + duration.length] ?? ''))
    return { kind: 'duration', text: query.slice(at, at + duration.length), value: duration.ms, at };
  const number = take(NUMBER);
  if (number !== undefined) return { kind: 'number', text: number, value: Number(number), at };
  const name = take(NAME);
  if (name !== undefined) return { kind: 'name', text: name, at };
  const string = take(STRING);
  if (string !== undefined) return { kind: 'string', text: string, at };
  const symbol = take(SYMBOL);
  if (symbol !== undefined) return { kind: 'symbol', text: symbol, at };
  if (/["'`]/.test(query[at]!)) throw syntaxError(query, at, 'this text has no end');
  throw syntaxError(query, at, `${JSON.stringify(query[at])} means nothing here`);
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
