/** Reads a text from left to right, within a budget. Whatever it does not expect it refuses by PGRST100, saying where. */
import type { Budget } from './bounds.ts';
import type { Field, JsonStep } from './query.ts';
import { notUnderstood, type RestError } from './rest-error.ts';

/** What ends a name that is not quoted. */
const NAME_ENDS = ',()":!.';
/** `10` is a place in an array, `0010` and `12345678901` are keys. */
const ARRAY_INDEX = /^-?(0|[1-9]\d{0,8})$/;

export class Scanner {
  readonly text: string;
  readonly budget: Budget;
  /** Where it stands. */
  at = 0;

  constructor(text: string, budget: Budget) {
    this.text = text;
    this.budget = budget;
  }

  get atEnd(): boolean {
    return this.at === this.text.length;
  }

  get next(): string {
    return this.text[this.at] ?? '';
  }

  /** Takes `word` if it stands here. */
  take(word: string): boolean {
    if (!this.text.startsWith(word, this.at)) return false;
    this.at += word.length;
    return true;
  }

  expect(word: string): void {
    if (!this.take(word)) throw this.refusal(JSON.stringify(word));
  }

  expectEnd(): void {
    if (!this.atEnd) throw this.refusal('the end');
  }

  refusal(expected: string): RestError {
    const found = this.atEnd ? 'the end' : JSON.stringify(this.text.slice(this.at, this.at + 20));
    return notUnderstood(
      `"failed to parse (${shortened(this.text)})" (column ${this.at + 1})`,
      `unexpected ${found}, expecting ${expected}`,
    );
  }

  /** Everything up to one of these characters. */
  until(ends: string): string {
    const start = this.at;
    while (!this.atEnd && !ends.includes(this.next)) this.at++;
    return this.text.slice(start, this.at);
  }

  rest(): string {
    const rest = this.text.slice(this.at);
    this.at = this.text.length;
    return rest;
  }

  /** `"a, \"b\""`, if that stands here. */
  quoted(): string | undefined {
    if (!this.take('"')) return undefined;
    let value = '';
    while (!this.take('"')) {
      this.take('\\');
      if (this.atEnd) throw this.refusal('a closing quote');
      value += this.next;
      this.at++;
    }
    return value;
  }

  /** The name of a table, column, type or key, quoted where it has special characters. */
  name(what = 'a name'): string {
    const quoted = this.quoted();
    if (quoted !== undefined) return quoted;
    const start = this.at;
    while (!this.atEnd && !NAME_ENDS.includes(this.next) && !this.text.startsWith('->', this.at)) this.at++;
    const name = this.text.slice(start, this.at).trim();
    if (name === '') throw this.refusal(what);
    return name;
  }

  /** `amount`, `data->items->0->>price` */
  field(): Field {
    this.budget.spend();
    const column = this.name('a column');
    return { column, path: this.#path() };
  }

  #path(): JsonStep[] {
    const path: JsonStep[] = [];
    while (this.take('->')) {
      this.budget.spend();
      const asText = this.take('>');
      if (path.at(-1)?.asText)
        throw notUnderstood('->> gives text, and nothing stands inside of text: write -> before it');
      const isQuoted = this.next === '"';
      const key = this.name('a key');
      path.push({ key: !isQuoted && ARRAY_INDEX.test(key) ? Number(key) : key, asText });
    }
    return path;
  }

  /** What `read` reads, once or more, with commas between. */
  list<T>(read: () => T): T[] {
    const items = [read()];
    while (this.take(',')) items.push(read());
    return items;
  }
}

const SHOWN_CHARS = 100;

function shortened(text: string): string {
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
}
