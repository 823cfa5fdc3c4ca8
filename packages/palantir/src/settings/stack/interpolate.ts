/** Variables in Compose files, as Compose puts them in: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`, `${NAME:?message}`,
 * `${NAME?message}`, `${NAME:+other}`, `${NAME+other}`; `$$` is a dollar. With the colon an empty value counts as none. What stands
 * behind the operator may have variables in it. */

export type Variables = Readonly<Record<string, string | undefined>>;

export interface Interpolated {
  readonly text: string;
  /** Variables without a value and without a default: Compose takes them for empty. */
  readonly missing: readonly string[];
  readonly mistake?: { readonly at: number; readonly message: string };
}

const NAME = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const OPERATOR = /:?[-?+]/y;
const MAX_DEPTH = 10;

export function interpolate(text: string, variables: Variables): Interpolated {
  const reader = new Reader(text, variables);
  try {
    const filled = reader.until(undefined, 0, true);
    return { text: filled, missing: [...reader.missing] };
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    return { text, missing: [], mistake: { at: error.at, message: error.message } };
  }
}

class Mistake extends Error {
  readonly at: number;

  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

class Reader {
  readonly missing = new Set<string>();
  readonly #text: string;
  readonly #variables: Variables;
  #at = 0;

  constructor(text: string, variables: Variables) {
    this.#text = text;
    this.#variables = variables;
  }

  /** @param isUsed whether this part ends up in the text, so that what is missing in it matters */
  until(end: '}' | undefined, depth: number, isUsed: boolean): string {
    let filled = '';
    while (this.#at < this.#text.length && this.#text[this.#at] !== end) {
      const next = this.#text[this.#at]!;
      if (next !== '$') {
        filled += next;
        this.#at++;
      } else filled += this.#dollar(depth, isUsed);
    }
    return filled;
  }

  #dollar(depth: number, isUsed: boolean): string {
    const at = this.#at++;
    const next = this.#text[this.#at];
    if (next === '$') {
      this.#at++;
      return '$';
    }
    if (next !== '{') return this.#value(this.#name(at), isUsed);
    this.#at++;
    if (depth >= MAX_DEPTH) throw new Mistake(at, `variables are nested deeper than ${MAX_DEPTH}`);
    const filled = this.#braced(at, depth, isUsed);
    if (this.#text[this.#at] !== '}') throw new Mistake(at, `this \${ is not closed by }`);
    this.#at++;
    return filled;
  }

  #braced(at: number, depth: number, isUsed: boolean): string {
    const name = this.#name(at);
    const value = Object.hasOwn(this.#variables, name) ? this.#variables[name] : undefined;
    const operator = this.#take(OPERATOR);
    if (operator === undefined) return this.#value(name, isUsed);
    const isSet = value !== undefined && !(operator.startsWith(':') && value === '');
    const kind = operator.at(-1);
    const isOtherUsed = isUsed && (kind === '+' ? isSet : !isSet);
    const other = this.until('}', depth + 1, isOtherUsed);
    if (kind === '?' && isOtherUsed)
      throw new Mistake(at, `the variable ${name} is not set${other === '' ? '' : `: ${other}`}`);
    if (kind === '+') return isSet ? other : '';
    return isSet ? value : other;
  }

  #value(name: string, isUsed: boolean): string {
    const value = Object.hasOwn(this.#variables, name) ? this.#variables[name] : undefined;
    if (value === undefined && isUsed) this.missing.add(name);
    return value ?? '';
  }

  #name(at: number): string {
    const name = this.#take(NAME);
    if (name === undefined)
      throw new Mistake(
        at,
        `behind $ stands the name of a variable, such as \${TAG}; a dollar itself is written $$`,
      );
    return name;
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }
}
