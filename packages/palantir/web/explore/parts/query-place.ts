/** Where in a query the server found an error: it says line and column, counted from 1. */

export interface QueryPlace {
  /** The line that the place is in. */
  readonly line: string;
  /** Counted from 0. */
  readonly column: number;
}

export function placeOf(query: string, message: string): QueryPlace | undefined {
  const [, line, column] = /\bat (\d+):(\d+)/.exec(message) ?? [];
  if (line === undefined) return undefined;
  const text = query.split('\n')[Number(line) - 1];
  if (text === undefined) return undefined;
  return { line: text, column: Math.min(Number(column) - 1, text.length) };
}
