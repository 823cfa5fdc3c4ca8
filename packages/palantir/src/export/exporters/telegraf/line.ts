/** Lines of Influx line protocol (https://docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference/) with the types that
 * Telegraf gives them: `i` behind integers, texts in quotes, times in nanoseconds. */
import type { Labels } from '../../../model.ts';
import type { FieldType } from './measurements.ts';

/** Integers of InfluxDB have 64 bits. */
const MAX_INTEGER = 2 ** 63;

/** Measurement and tags, which are in order of their names as InfluxDB likes them. */
export function lineHead(measurement: string, tags: Labels): string {
  let head = escaped(measurement, /[, ]/g);
  for (const name of Object.keys(tags).sort())
    if (tags[name] !== '') head += `,${escaped(name, /[,= ]/g)}=${escaped(tags[name]!, /[,= ]/g)}`;
  return head;
}

/** Undefined for what InfluxDB has no form for: NaN, infinities, integers that are too large. */
export function numberField(name: string, value: number, type: FieldType): string | undefined {
  if (!Number.isFinite(value)) return undefined;
  const key = escaped(name, /[,= ]/g);
  if (type === 'boolean') return `${key}=${value !== 0}`;
  if (type === 'float') return `${key}=${value}`;
  const whole = Math.round(value);
  return Math.abs(whole) < MAX_INTEGER ? `${key}=${BigInt(whole)}i` : undefined;
}

export function textField(name: string, text: string): string {
  return `${escaped(name, /[,= ]/g)}="${text.replace(/["\\]/g, '\\$&')}"`;
}

export function line(head: string, fields: readonly string[], atMs: number): string {
  return `${head} ${fields.join(',')} ${atMs}000000`;
}

/** A line has no line ends, and a backslash at the end would escape what comes after it. */
function escaped(text: string, special: RegExp): string {
  return text
    .replace(/[\r\n]+/g, ' ')
    .replace(/\\+$/, '')
    .replace(special, '\\$&');
}
