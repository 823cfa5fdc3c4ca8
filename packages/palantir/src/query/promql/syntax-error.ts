/** A query that cannot be read, told with the place: line and column count from 1, as editors do. They are in the message, and with the
 * problem alone in the data, for whoever shows it elsewhere. */
import { GoblinError } from '@goblin/core';

export function syntaxError(query: string, at: number, problem: string): GoblinError {
  const before = query.slice(0, at).split('\n');
  const line = before.length;
  const column = before.at(-1)!.length + 1;
  return new GoblinError('INVALID_INPUT', {
    message: `the query cannot be read at ${line}:${column}: ${problem}`,
    data: { line, column, problem },
  });
}
