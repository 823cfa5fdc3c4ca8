/** Cuts a stream of bytes into lines. A line longer than MAX_LINE_CHARS is cut, so that a program which prints no
 * line break cannot fill the memory. Characters that arrive in two pieces stay whole. */
import type { Readable } from 'node:stream';

const MAX_LINE_CHARS = 64 * 1024;

/** @param onLines gets the complete lines of one chunk together; empty lines are left out. */
export function splitLines(stream: Readable, onLines: (lines: string[]) => void): void {
  let rest = '';

  function cut(text: string): string[] {
    const lines = text.split('\n');
    rest = lines.pop()!;
    while (rest.length > MAX_LINE_CHARS) {
      lines.push(rest.slice(0, MAX_LINE_CHARS));
      rest = rest.slice(MAX_LINE_CHARS);
    }
    return lines.flatMap(limited).filter((line) => line.trim() !== '');
  }

  function give(lines: string[]): void {
    if (lines.length > 0) onLines(lines);
  }

  stream.setEncoding('utf8');
  stream.on('data', (text: string) => give(cut(rest + text)));
  stream.on('close', () => give(cut(`${rest}\n`)));
  // A pipe that breaks ends; what was read of it counts.
  stream.on('error', () => {});
}

function limited(line: string): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < line.length; at += MAX_LINE_CHARS) pieces.push(line.slice(at, at + MAX_LINE_CHARS));
  return pieces;
}
