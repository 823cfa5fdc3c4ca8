/** Text laid out for a terminal. */
import { stripVTControlCharacters } from 'node:util';

const WIDTH = 100;
const GAP = 2;

/** How many columns a text takes, without its colours. */
export function widthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}

/** Rows of cells as aligned columns; the last one is as wide as it is. */
export function columns(
  rows: readonly (readonly string[])[],
  align: readonly ('left' | 'right')[] = [],
): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, widthOf(cell));
  }
  const pad = (cell: string, i: number, isLast: boolean): string => {
    const space = ' '.repeat(widths[i]! - widthOf(cell));
    if (align[i] === 'right') return space + cell;
    return isLast ? cell : cell + space;
  };
  return rows
    .map((row) =>
      row
        .map((cell, i) => pad(cell, i, i === row.length - 1))
        .join(' '.repeat(GAP))
        .trimEnd(),
    )
    .join('\n');
}

/** Broken into lines between words. */
export function wrapped(text: string, width = WIDTH): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!;
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.join('\n');
}

/** Cut to a width, colours kept and closed. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let seen = 0;
  let kept = '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
  for (const piece of text.match(/\u001b\[[0-9;]*m|[\s\S]/gu) ?? []) {
    if (piece.length > 1 && piece.startsWith('\u001b')) kept += piece;
    else if (seen < width - 1) {
      kept += piece;
      seen += 1;
    }
  }
  return `${kept}…`;
}
