/** Where a character of a text stands in the file. A text is written in several ways: plain, in quotes with escapes, as a block whose lines
 * are indented or folded. All of them keep the characters that are no white space, in their order: so the n-th of these in the text is
 * the n-th in the file. */
import type { Written } from './node.ts';

/** One character as it may be written, by the way of writing. */
const IN_DOUBLE_QUOTES = /\\(?:x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|\r?\n|.)|./gs;
const IN_SINGLE_QUOTES = /''|./gs;
const PLAIN = /./gs;
/** `|`, `>-`, `|2`, with a comment behind it. */
const BLOCK_HEADER = /^[|>][^\n]*\n/;
/** Escapes that stand for white space, and a line break that is escaped away. */
const ESCAPED_SPACE = /^\\(?:[nrt \tL_P]|\r?\n|x(?:20|0[9aAdD]|a0|A0)|u(?:0020|000[9aAdD]|00[aA]0))$/;

/** @param offset in the value @returns an offset in the text of the file */
export function offsetInFile({ source, start, end }: Written, value: string, offset: number): number {
  const raw = source.text.slice(start, end);
  const { pattern, from } = wayOfWriting(raw);
  let wanted = value.slice(0, offset).replace(/\s/g, '').length;
  let behind = 0;
  pattern.lastIndex = from;
  for (let found = pattern.exec(raw); found; found = pattern.exec(raw)) {
    const [written] = found;
    if (/^\s$/.test(written) || ESCAPED_SPACE.test(written)) continue;
    if (wanted === 0) return start + found.index;
    behind = pattern.lastIndex;
    // A character beyond U+FFFF has two units in the value.
    wanted -= /^\\U/.test(written) && Number.parseInt(written.slice(2), 16) > 0xffff ? 2 : 1;
  }
  // It is the end that is meant.
  return start + behind;
}

function wayOfWriting(raw: string): { pattern: RegExp; from: number } {
  if (raw.startsWith('"')) return { pattern: IN_DOUBLE_QUOTES, from: 1 };
  if (raw.startsWith("'")) return { pattern: IN_SINGLE_QUOTES, from: 1 };
  return { pattern: PLAIN, from: BLOCK_HEADER.exec(raw)?.[0].length ?? 0 };
}
