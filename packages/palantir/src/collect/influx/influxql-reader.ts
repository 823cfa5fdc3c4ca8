/** Reads InfluxDB 1 by InfluxQL, in chunks: one line of JSON for each, some points of one series in it.
 * https://docs.influxdata.com/influxdb/v1/tools/api/#query-http-endpoint */
import { GoblinError } from '@goblin/core';
import { type InfluxAccess, linesOf } from './influx-http.ts';
import type { FieldValue, InfluxPoint, InfluxReader } from './influx-reader.ts';

const CHUNK_POINTS = 5_000;

export interface InfluxqlSource extends InfluxAccess {
  readonly database: string;
  /** Default the database's own. */
  readonly retentionPolicy?: string;
}

interface Chunk {
  readonly error?: string;
  readonly results?: readonly {
    readonly error?: string;
    readonly series?: readonly {
      readonly tags?: Readonly<Record<string, string>>;
      readonly columns: readonly string[];
      readonly values: readonly (readonly (FieldValue | null)[])[];
    }[];
  }[];
}

export function influxqlReader(source: InfluxqlSource): InfluxReader {
  const { database, retentionPolicy } = source;
  return {
    async *read(measurement, fromMs, beforeMs, signal) {
      const from = [...(retentionPolicy === undefined ? [] : [retentionPolicy]), measurement]
        .map(quoted)
        .join('.');
      // By all tags, because only so is it told which columns are tags.
      const q = `SELECT * FROM ${from} WHERE time >= ${fromMs}ms AND time < ${beforeMs}ms GROUP BY *`;
      const query = { db: database, q, epoch: 'ms', chunked: 'true', chunk_size: String(CHUNK_POINTS) };
      for await (const line of linesOf(source, { path: '/query', query, signal }))
        if (line.trim() !== '') yield* pointsOf(chunkOf(line, source.url));
    },
  };
}

function* pointsOf({ results = [] }: Chunk): Generator<InfluxPoint> {
  for (const { series = [] } of results) {
    for (const { tags = {}, columns, values } of series) {
      // A tag that this series does not have is told as empty.
      const own = Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== ''));
      for (const row of values) {
        const fields: Record<string, FieldValue> = {};
        for (let i = 1; i < columns.length; i++) {
          const value = row[i];
          if (value !== null && value !== undefined) fields[columns[i]!] = value;
        }
        yield { atMs: Number(row[0]), tags: own, fields };
      }
    }
  }
}

function chunkOf(line: string, url: string): Chunk {
  let chunk: Chunk;
  try {
    chunk = JSON.parse(line) as Chunk;
  } catch (cause) {
    throw new GoblinError('BAD_ANSWER', { message: `InfluxDB at ${url} answers what is no JSON`, cause });
  }
  const fault = chunk.error ?? chunk.results?.find(({ error }) => error !== undefined)?.error;
  if (fault !== undefined)
    throw new GoblinError('FAILED_PRECONDITION', { message: `InfluxDB at ${url} says: ${fault}` });
  return chunk;
}

/** As an identifier of InfluxQL, whatever is in it. */
export function quoted(name: string): string {
  return `"${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}
