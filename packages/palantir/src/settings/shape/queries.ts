/** Texts in languages of their own: PromQL, selectors, placeholders. A mistake in one is told at its character. */
import { isGoblinError } from '@goblin/core';
import type { Matcher } from '../../model.ts';
import type { Expression } from '../../query/promql/ast.ts';
import { parse, parseSelector } from '../../query/promql/parser.ts';
import { text } from './scalars.ts';
import { refined, type Shape } from './shape.ts';

/** A query as it is written, and what it says. */
export interface Query {
  readonly text: string;
  readonly expression: Expression;
}

export interface QueryMistake {
  /** The character of the query. */
  readonly at: number;
  readonly message: string;
}

/** The query, or the mistake in it. */
export function readQuery(query: string): Expression | QueryMistake {
  return orMistake(query, parse);
}

export const selector: Shape<readonly Matcher[]> = refined(text('\'{service="tax"}\''), (value, spot) => {
  const read = orMistake(value, parseSelector);
  if ('message' in read) return spot.wrong(read.message, read.at);
  if (read.matchers.some(({ label }) => label === '__name__'))
    return spot.wrong('write labels only, such as {service="tax"}, without the name of a metric');
  return read.matchers;
});

export function isMistake(read: Expression | QueryMistake): read is QueryMistake {
  return 'message' in read;
}

function orMistake<T extends object>(query: string, read: (query: string) => T): T | QueryMistake {
  try {
    return read(query);
  } catch (error) {
    if (!isGoblinError(error, 'INVALID_INPUT') || !error.data) throw error;
    const { line, column, problem } = error.data as { line: number; column: number; problem: string };
    const before = query.split('\n', line - 1).reduce((sum, { length }) => sum + length + 1, 0);
    return { at: before + column - 1, message: `the query cannot be read here: ${problem}` };
  }
}
