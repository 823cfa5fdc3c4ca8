/** Reads InfluxDB 2 by Flux, answered as annotated CSV: tables of one series and one field each, with a column for each tag.
 * https://docs.influxdata.com/influxdb/v2/reference/syntax/annotated-csv/ */
import { GoblinError } from '@goblin/core';
import { csvRecord } from './csv-record.ts';
import { type InfluxAccess, linesOf } from './influx-http.ts';
import type { FieldValue, InfluxPoint, InfluxReader } from './influx-reader.ts';

export interface FluxSource extends InfluxAccess {
  readonly org: string;
  readonly bucket: string;
}

const MAX_RECORD_CHARACTERS = 1_048_576;
/** Columns that are neither tags nor the field. */
const OWN = new Set(['', 'result', 'table', '_start', '_stop', '_time', '_value', '_field', '_measurement']);

export function fluxReader(source: FluxSource): InfluxReader {
  const { org, bucket } = source;
  return {
    async *read(measurement, fromMs, beforeMs, signal) {
      const query = `from(bucket: ${fluxText(bucket)})
  |> range(start: ${new Date(fromMs).toISOString()}, stop: ${new Date(beforeMs).toISOString()})
  |> filter(fn: (r) => r._measurement == ${fluxText(measurement)})`;
      const dialect = { annotations: ['datatype', 'default'], header: true };
      const lines = linesOf(source, {
        path: '/api/v2/query',
        query: { org },
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/csv' },
        body: JSON.stringify({ query, type: 'flux', dialect }),
        signal,
      });
      yield* pointsOf(lines, source.url);
    },
  };
}

async function* pointsOf(lines: AsyncIterable<string>, url: string): AsyncGenerator<InfluxPoint> {
  let types: readonly string[] = [];
  let defaults: readonly string[] = [];
  let names: readonly string[] | undefined;
  for await (const cells of records(lines, url)) {
    const [first = ''] = cells;
    if (cells.length === 1 && first === '') names = undefined;
    else if (first === '#datatype') [types, names] = [cells, undefined];
    else if (first === '#default') [defaults, names] = [cells, undefined];
    else if (!names) names = cells;
    else if (names.includes('error') && !names.includes('_time')) {
      const fault = cells[names.indexOf('error')];
      throw new GoblinError('FAILED_PRECONDITION', { message: `InfluxDB at ${url} says: ${fault}` });
    } else {
      const point = pointOf(names, types, cells, defaults);
      if (point) yield point;
    }
  }
}

/** A text within quotes may hold ends of lines: lines are joined until the quotes are even. */
async function* records(lines: AsyncIterable<string>, url: string): AsyncGenerator<string[]> {
  let open: string | undefined;
  for await (const line of lines) {
    const text = open === undefined ? line : `${open}\n${line}`;
    const cells = csvRecord(text);
    open = cells ? undefined : text;
    if (open !== undefined && open.length > MAX_RECORD_CHARACTERS) break;
    if (cells) yield cells;
  }
  if (open !== undefined)
    throw new GoblinError('BAD_ANSWER', {
      message: `InfluxDB at ${url} answers CSV whose quotes do not end`,
    });
}

function pointOf(
  names: readonly string[],
  types: readonly string[],
  cells: readonly string[],
  defaults: readonly string[],
): InfluxPoint | undefined {
  const tags: Record<string, string> = {};
  let [atMs, field, value] = [Number.NaN, '', undefined as FieldValue | undefined];
  for (const [i, name] of names.entries()) {
    const cell = cells[i] || defaults[i] || '';
    if (name === '_time') atMs = Date.parse(cell);
    else if (name === '_field') field = cell;
    else if (name === '_value') value = valueIn(cell, types[i] ?? '');
    else if (!OWN.has(name) && cell !== '') tags[name] = cell;
  }
  return Number.isNaN(atMs) || value === undefined ? undefined : { atMs, tags, fields: { [field]: value } };
}

function valueIn(cell: string, type: string): FieldValue | undefined {
  if (type === 'string') return cell;
  if (cell === '') return undefined;
  if (type === 'boolean') return cell === 'true';
  const number = Number(cell.replace(/^([+-]?)Inf$/, '$1Infinity'));
  return type === 'double' || type === 'long' || type === 'unsignedLong' ? number : cell;
}

/** As a text of Flux, whatever is in it. */
export function fluxText(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('${', '\\${')
    .replaceAll('\n', '\\n');
  return `"${escaped}"`;
}
