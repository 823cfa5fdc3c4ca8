/** Queries of traces: any text is read as a whole or refused with its place, and what is read can be run. */
import { isGoblinError } from '@goblin/core';
import { compileTraces } from '../src/query/traces/compile.ts';
import { compileFilter } from '../src/query/traces/filter.ts';
import { parseTraces } from '../src/query/traces/parser.ts';
import { GOOD_TRACES, WRONG_TRACES } from '../src/query/traces/testing/queries.ts';
import { spanRecord } from '../src/store/fixtures/telemetry.ts';
import { summaryOfSpan } from '../src/store/traces/trace-summary.ts';

export const name = 'traces-query';

const SPAN = spanRecord(1, 1, 1_000, { service: 'tax', status: 'error' });

export function seeds(): Uint8Array[] {
  const wrong = WRONG_TRACES.map(([query]) => query).filter(({ length }) => length < 200);
  return [...GOOD_TRACES, ...wrong].map((query) => Buffer.from(query));
}

export function run(bytes: Uint8Array): string {
  try {
    const filter = parseTraces(Buffer.from(bytes).toString());
    const takes = compileFilter(filter)([SPAN], summaryOfSpan(SPAN));
    return `${Object.keys(compileTraces(filter))} ${takes}`;
  } catch (error) {
    if (!isGoblinError(error, 'INVALID_INPUT') || !/ at \d+:\d+: /.test(error.message)) throw error;
    return error.message.replace(/^.*?: /, '').slice(0, 12);
  }
}
