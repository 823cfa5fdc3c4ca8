/** A file's text, and which line and column an offset in it is. */
import type { Place } from '../problem.ts';

export interface Source {
  /** As it is named in problems. */
  readonly file: string;
  readonly text: string;
  placeAt(offset: number): Place;
}

export function createSource(file: string, text: string): Source {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return {
    file,
    text,
    placeAt(offset) {
      let low = 0;
      let high = starts.length - 1;
      while (low < high) {
        const middle = Math.ceil((low + high) / 2);
        if (starts[middle]! <= offset) low = middle;
        else high = middle - 1;
      }
      return { file, line: low + 1, column: offset - starts[low]! + 1 };
    },
  };
}
