/** What is asked of whatever is told about a YAML file. */
import { isDeepStrictEqual } from 'node:util';
import type { Problem } from '../src/settings/problem.ts';

/** Longer ones are read once: the parser takes a thousand bytes for each mistake in the YAML itself. */
const MAX_READ_TWICE = 2_000;

/** What the text comes to, which is the same each time. */
export function readTwice<T>(text: string, read: (text: string) => T): T {
  const first = read(text);
  if (text.length <= MAX_READ_TWICE && !isDeepStrictEqual(read(text), first))
    throw new Error('it comes to something else');
  return first;
}

/** The kinds of mistakes, for the fuzzer to know new ones by. */
export function tellsPlaces(text: string, problems: readonly Problem[]): string {
  const lines = text.split('\n');
  for (const { line, column, message } of problems) {
    const length = lines[line - 1]?.length ?? -1;
    if (!(column >= 1 && column <= length + 1)) throw new Error(`${line}:${column} is not in the file`);
    if (message === '') throw new Error('nothing is said');
  }
  const kinds = problems.map(({ message }) => message.split(' ').slice(0, 4).join(' '));
  return [...new Set(kinds)].sort().slice(0, 3).join('; ');
}
