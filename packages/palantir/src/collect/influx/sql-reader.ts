/** Reads InfluxDB 3 by SQL, answered as a line of JSON for each row. Rows do not tell tags from fields: texts are taken for tags,
 * numbers and truth values for fields. https://docs.influxdata.com/influxdb3/core/api/v3/ */
import { GoblinError } from '@goblin/core';
import { type InfluxAccess, linesOf } from './influx-http.ts';
import type { FieldValue, InfluxPoint, InfluxReader } from './influx-reader.ts';

export interface SqlSource extends InfluxAccess {
  readonly database: string;
}

export function sqlReader(source: SqlSource): InfluxReader {
  return {
    async *read(measurement, fromMs, beforeMs, signal) {
      const [from, before] = [fromMs, beforeMs].map((ms) => `'${new Date(ms).toISOString()}'`);
      const q = `SELECT * FROM "${measurement.replaceAll('"', '""')}" WHERE time >= ${from} AND time < ${before}`;
      const lines = linesOf(source, {
        path: '/api/v3/query_sql',
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ db: source.database, q, format: 'jsonl' }),
        signal,
      });
      for await (const line of lines) if (line.trim() !== '') yield pointOf(line, source.url);
    },
  };
}

function pointOf(line: string, url: string): InfluxPoint {
  let row: Record<string, unknown>;
  try {
    row = JSON.parse(line) as Record<string, unknown>;
  } catch (cause) {
    throw new GoblinError('BAD_ANSWER', { message: `InfluxDB at ${url} answers what is no JSON`, cause });
  }
  const tags: Record<string, string> = {};
  const fields: Record<string, FieldValue> = {};
  const { time, ...columns } = row;
  for (const [name, value] of Object.entries(columns)) {
    if (typeof value === 'string') tags[name] = value;
    else if (typeof value === 'number' || typeof value === 'boolean') fields[name] = value;
  }
  return { atMs: timeOf(String(time)), tags, fields };
}

/** Without a zone it is UTC, and with nanoseconds, which Date reads to the millisecond. */
function timeOf(text: string): number {
  return Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
}
