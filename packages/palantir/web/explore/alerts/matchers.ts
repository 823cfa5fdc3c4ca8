/** Matchers as people write them: `rule="slow", service=~"tax|cart"`. */
import type { Matcher } from '../../../src/model.ts';

const MATCHER = /\s*([a-zA-Z_][\w.]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|[^\s,"]+)\s*(,|$)/y;

/** @returns undefined where it cannot be read, or says nothing */
export function matchersOf(text: string): Matcher[] | undefined {
  const matchers: Matcher[] = [];
  const whole = text
    .trim()
    .replace(/^\{(.*)\}$/s, '$1')
    .trim();
  MATCHER.lastIndex = 0;
  while (MATCHER.lastIndex < whole.length) {
    const found = MATCHER.exec(whole);
    if (!found) return undefined;
    const [, label, op, written] = found;
    matchers.push({ label: label!, op: op as Matcher['op'], value: textOf(written!) });
  }
  return matchers.length > 0 ? matchers : undefined;
}

export function matchersText(matchers: readonly Matcher[]): string {
  return matchers.map(({ label, op, value }) => `${label}${op}${JSON.stringify(value)}`).join(', ');
}

function textOf(written: string): string {
  if (!written.startsWith('"')) return written;
  try {
    return JSON.parse(written) as string;
  } catch {
    // An escape of a regular expression that JSON does not know, such as \d.
    return written.slice(1, -1).replaceAll('\\"', '"');
  }
}
