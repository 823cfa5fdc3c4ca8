/** Collects what is wrong with settings: each look at a value says its problem and goes on, so that all are told at once. A key that is
 * not known is one, with the name that was most likely meant. */
import { closest, milliseconds } from '@goblin/core';

export interface Problem {
  readonly path: readonly (string | number)[];
  /** What is wrong and what would be right. */
  readonly message: string;
}

type Path = Problem['path'];
type Fields = Readonly<Record<string, unknown>>;

const MAX_TEXT = 4_000;

export class Check {
  readonly problems: Problem[] = [];

  say(path: Path, message: string): void {
    this.problems.push({ path, message });
  }

  /** @param keys those that may stand in it; any where left out */
  object(path: Path, value: unknown, keys?: readonly string[]): Fields | undefined {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.say(path, `write names with their values${keys ? `, such as ${keys[0]}: …` : ''}`);
      return undefined;
    }
    if (keys) for (const key of Object.keys(value)) this.#known([...path, key], key, keys);
    return value as Fields;
  }

  list(path: Path, value: unknown, max: number, each: (path: Path, item: unknown) => void): void {
    if (value === undefined) return;
    if (!Array.isArray(value)) return this.say(path, 'write a list');
    if (value.length > max) return this.say(path, `this has at most ${max} items`);
    for (const [at, item] of value.entries()) each([...path, at], item);
  }

  text(path: Path, value: unknown, { optional = false }: { optional?: boolean } = {}): string | undefined {
    if (value === undefined && optional) return undefined;
    if (typeof value === 'string' && value !== '' && value.length <= MAX_TEXT) return value;
    this.say(path, value === undefined ? 'this is missing' : `write a text of 1 to ${MAX_TEXT} characters`);
    return undefined;
  }

  oneOf(path: Path, value: unknown, known: readonly string[]): void {
    if (typeof value === 'string') this.#known(path, value, known);
    else this.say(path, known.length > 0 ? `write one of ${known.join(', ')}` : 'write a name');
  }

  exactlyOne(path: Path, fields: Fields, keys: readonly [string, string]): void {
    const given = keys.filter((key) => fields[key] !== undefined);
    if (given.length === 1) return;
    this.say(path, `write ${keys.join(' or ')}${given.length > 1 ? ', not both' : ''}`);
  }

  url(path: Path, value: unknown): void {
    if (value === undefined) return;
    const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
    if (!url || !/^https?:$/.test(url.protocol))
      this.say(path, 'write an address that begins with https:// or http://');
    else if (url.username !== '' || url.password !== '')
      this.say(
        path,
        'an address with a password in it is a secret: write it to a file, and name that as urlFile',
      );
  }

  duration(path: Path, value: unknown, { atLeastMs }: { atLeastMs: number }): void {
    if (value === undefined) return;
    const ms = typeof value === 'string' ? durationOf(value) : undefined;
    if (ms === undefined) this.say(path, 'write a duration such as 30s, 5m or 2h');
    else if (ms < atLeastMs) this.say(path, `this is at least ${atLeastMs / 1_000}s`);
  }

  #known(path: Path, name: string, known: readonly string[]): void {
    if (known.includes(name)) return;
    const near = closest(name, known);
    const hint = near === undefined ? known.join(', ') || 'there are none' : `did you mean ${near}?`;
    this.say(path, `${JSON.stringify(name)} is not known here: ${hint}`);
  }
}

function durationOf(text: string): number | undefined {
  try {
    return milliseconds(text);
  } catch {
    return undefined;
  }
}
