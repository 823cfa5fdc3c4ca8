/** Queries in PromQL: any text is read as a whole or refused with its place, and what is read has a type. */
import { isGoblinError } from '@goblin/core';
import { parse, typeOf } from '../src/query/promql/parser.ts';
import { QUERIES, WRONG } from '../src/query/promql/testing/queries.ts';

export const name = 'promql';

export function seeds(): Uint8Array[] {
  return [...QUERIES.filter((_, i) => i % 8 === 0), ...WRONG.filter((_, i) => i % 8 === 0)].map((query) =>
    Buffer.from(query),
  );
}

export function run(bytes: Uint8Array): string {
  try {
    const expression = parse(Buffer.from(bytes).toString());
    return `${expression.type} ${typeOf(expression)}`;
  } catch (error) {
    if (!isGoblinError(error, 'INVALID_INPUT') || !/ at \d+:\d+: /.test(error.message)) throw error;
    return error.message.replace(/^.*?: /, '').slice(0, 12);
  }
}
