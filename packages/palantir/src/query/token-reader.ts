/** Goes through the tokens of a query, and says what would be right where something else stands. */
import { unquoted } from './promql/lexer.ts';
import { syntaxError } from './promql/syntax-error.ts';
import { type Token, tokensOf } from './tokens.ts';

/** Nesting, so that no query exhausts the stack. */
const MAX_DEPTH = 50;

export class TokenReader {
  readonly #query: string;
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  /** @throws INVALID_INPUT, as all of these, with line and column */
  constructor(query: string) {
    this.#query = query;
    this.#tokens = tokensOf(query);
  }

  get token(): Token {
    return this.#tokens[this.#next]!;
  }

  get isAtEnd(): boolean {
    return this.token.kind === 'end';
  }

  /** Whether this symbol or word comes next. */
  is(text: string): boolean {
    const { kind, text: given } = this.token;
    return (kind === 'symbol' || kind === 'name') && given === text;
  }

  takes(text: string): boolean {
    if (!this.is(text)) return false;
    this.#next++;
    return true;
  }

  expect(text: string): void {
    if (!this.takes(text)) this.unexpected(text);
  }

  take(kind: Token['kind'], wanted: string): Token {
    if (this.token.kind !== kind) this.unexpected(wanted);
    return this.#tokens[this.#next++]!;
  }

  /** What a text in quotes says. */
  takeText(): string {
    return unquoted(this.#query, { ...this.take('string', 'a text in quotes'), kind: 'string' });
  }

  /** A name, with or without quotes. */
  takeName(wanted: string): string {
    return this.token.kind === 'string' ? this.takeText() : this.take('name', wanted).text;
  }

  nested<T>(read: () => T): T {
    if (++this.#depth > MAX_DEPTH) this.fail(`it is nested deeper than ${MAX_DEPTH}`);
    const result = read();
    this.#depth--;
    return result;
  }

  fail(problem: string, at: number = this.token.at): never {
    throw syntaxError(this.#query, at, problem);
  }

  unexpected(wanted: string): never {
    const { kind, text } = this.token;
    return this.fail(`${wanted} is expected, ${kind === 'end' ? 'and the query ends' : `not ${text}`}`);
  }
}
