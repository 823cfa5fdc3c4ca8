/** How PostgreSQL's types arrive in JavaScript, where the driver's own choice loses something.
 * - `int8` (bigint, count(*)): a number. One beyond 2^53 - 1 fails the query rather than being rounded.
 * - `date` and `timestamp`: the text as it is, because they name no instant until somebody adds a time zone.
 * `timestamptz` is a Date, `numeric` a string (exact), `json` and `jsonb` what they say. */
import { GoblinError } from '@goblin/core';
import type pg from 'pg';
import { driver } from './driver.ts';

export const typeParsers: pg.CustomTypesConfig = {
  getTypeParser(oid, format) {
    const { types } = driver();
    const { builtins } = types;
    if (format !== 'binary') {
      if (oid === builtins.INT8) return exactInteger;
      if (oid === builtins.DATE || oid === builtins.TIMESTAMP) return asText;
    }
    return types.getTypeParser(oid, format as 'text');
  },
};

function exactInteger(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  throw new GoblinError('INTERNAL', {
    message: `the integer ${text} is larger than JavaScript can hold: select it as text (column::text)`,
  });
}

function asText(text: string): string {
  return text;
}
