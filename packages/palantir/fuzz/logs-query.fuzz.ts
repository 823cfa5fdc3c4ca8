/** Queries of logs: any text is read as a whole or refused with its place, and what is read can be run. */
import { isGoblinError } from '@goblin/core';
import { compileSelection } from '../src/query/logs/compile.ts';
import { parseCounting, parseSelection } from '../src/query/logs/parser.ts';
import { GOOD_SELECTIONS, WRONG_SELECTIONS } from '../src/query/logs/testing/queries.ts';
import { compileLogQuery } from '../src/store/logs/log-search.ts';

export const name = 'logs-query';

const LINE = {
  atMs: 1,
  severity: 17,
  body: '{"status":500,"a":{"b":"c"}} d=e f="g"',
  service: 'tax',
  attributes: { user: 'u' },
};
const COUNTS = ['count_over_time({a="b"}[5m])', 'sum by (a, b) (count_over_time({} | json [1h]))'];

export function seeds(): Uint8Array[] {
  const wrong = WRONG_SELECTIONS.map(([query]) => query).filter(({ length }) => length < 200);
  return [...GOOD_SELECTIONS, ...wrong, ...COUNTS].map((query) => Buffer.from(query));
}

export function run(bytes: Uint8Array): string {
  const query = Buffer.from(bytes).toString();
  try {
    const selection = /^\s*(?:sum|count)/.test(query)
      ? parseCounting(query).selection
      : parseSelection(query);
    const compiled = compileLogQuery({ ...compileSelection(selection), fromMs: 0, toMs: 2 });
    return `${selection.stages.map(({ type }) => type)} ${compiled.find(LINE) ? 'found' : 'not found'}`;
  } catch (error) {
    if (!isGoblinError(error, 'INVALID_INPUT') || !/ at \d+:\d+: /.test(error.message)) throw error;
    return error.message.replace(/^.*?: /, '').slice(0, 12);
  }
}
