/** What all query languages share: how a text is cut into tokens. Spaces and comments, from `#` to the end of the line, stand between. */
import { syntaxError } from './promql/syntax-error.ts';

export const MAX_QUERY_LENGTH = 10_000;
/** In double, single or back quotes. */
export const STRING = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`/y;
const SPACE = /(?:\s|#[^\n]*)+/y;

/** What a sticky pattern finds right here. */
export type Take = (pattern: RegExp) => string | undefined;

/** All tokens, in order. @param next the one that begins at `at`; undefined where none does
 * @throws INVALID_INPUT that names line and column */
export function scan<Token extends { readonly text: string }>(
  query: string,
  next: (at: number, take: Take) => Token | undefined,
): Token[] {
  if (query.length > MAX_QUERY_LENGTH) {
    const problem = `it has ${query.length} characters, and ${MAX_QUERY_LENGTH} at most are allowed`;
    throw syntaxError('', 0, problem);
  }
  const tokens: Token[] = [];
  let at = 0;
  const take: Take = (pattern) => {
    pattern.lastIndex = at;
    return pattern.exec(query)?.[0];
  };
  for (;;) {
    at += take(SPACE)?.length ?? 0;
    if (at === query.length) return tokens;
    const token = next(at, take);
    if (!token) throw meaningless(query, at);
    tokens.push(token);
    at += token.text.length;
  }
}

function meaningless(query: string, at: number): Error {
  const isQuote = /["'`]/.test(query[at]!);
  const problem = isQuote ? 'this text has no end' : `${JSON.stringify(query[at])} means nothing here`;
  return syntaxError(query, at, problem);
}
