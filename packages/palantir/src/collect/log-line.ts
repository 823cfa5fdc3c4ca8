/** One line of a log as it is kept. Our own services, and whatever else writes JSON with a logger such as pino, say time, level, service,
 * message and trace; all other fields become attributes whose names have dots: `err.message`. Other text is the body as it is. */

import { MAX_ATTRIBUTE_LENGTH, MAX_ATTRIBUTES, MAX_BODY_LENGTH, MAX_NESTING } from '../decode/limits.ts';
import type { Labels, LogLine } from '../model.ts';

/** The least of each of OpenTelemetry's ranges. */
const SEVERITIES: Readonly<Record<string, number>> = {
  ...{ trace: 1, debug: 5, info: 9, information: 9, notice: 10, warn: 13, warning: 13 },
  ...{ error: 17, err: 17, fatal: 21, critical: 21, crit: 21, emerg: 24, panic: 24 },
};
/** Numbers of pino and bunyan, from which their levels begin. */
const PINO_LEVELS: readonly (readonly [from: number, severity: number])[] = [
  [60, 21],
  [50, 17],
  [40, 13],
  [30, 9],
  [20, 5],
  [10, 1],
];
/** Years 1970 to 2286 in seconds, where a number of milliseconds would lie in 1970. */
const MAX_SECONDS = 1e10;
const TRACE_ID = /^[0-9a-f]{32}$/i;
const SPAN_ID = /^[0-9a-f]{16}$/i;
/** As OTLP has it for what a limit left out. */
const DROPPED = 'dropped_attributes_count';

export interface LogSource {
  /** Of lines that name no service. */
  readonly service: string;
  /** Of lines that name no time. */
  readonly atMs: number;
  /** Of lines that name no level. */
  readonly severity: number;
  /** Added to each line; its own fields of the same names win. */
  readonly attributes?: Labels;
}

/** Never throws, whatever the text. */
export function logLine(text: string, source: LogSource): LogLine {
  const fields = objectOf(text);
  if (!fields) return plainLine(text, source);
  /** The first of the fields that can be read so; it becomes no attribute. */
  const take = <T>(names: readonly string[], read: (value: unknown) => T | undefined): T | undefined => {
    for (const name of names) {
      const value = fields[name] === undefined ? undefined : read(fields[name]);
      if (value === undefined) continue;
      delete fields[name];
      return value;
    }
    return undefined;
  };
  const atMs = take(['time', 'ts', 'timestamp'], timeOf) ?? source.atMs;
  const severity = take(['level', 'severity'], severityOf) ?? source.severity;
  const body = cut(take(['msg', 'message'], textOf) ?? '', MAX_BODY_LENGTH);
  const service = cut(take(['service'], textOf) || source.service, MAX_ATTRIBUTE_LENGTH);
  const traceId = take(['traceId', 'trace_id'], idOf(TRACE_ID));
  const spanId = take(['spanId', 'span_id'], idOf(SPAN_ID));
  const attributes = attributesOf(fields, source.attributes);
  return {
    atMs,
    severity,
    body,
    service,
    attributes,
    ...(traceId && { traceId }),
    ...(spanId && { spanId }),
  };
}

export function plainLine(text: string, { service, atMs, severity, attributes = {} }: LogSource): LogLine {
  return { atMs, severity, body: cut(text, MAX_BODY_LENGTH), service, attributes };
}

function objectOf(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function attributesOf(fields: object, base: Labels = {}): Labels {
  const attributes: Record<string, string> = { ...base };
  let room = MAX_ATTRIBUTES;
  let dropped = 0;
  const flatten = (prefix: string, nested: object, depth: number): void => {
    for (const [key, value] of Object.entries(nested)) {
      const name = prefix + key;
      if (value === null) continue;
      if (typeof value === 'object' && !Array.isArray(value) && depth < MAX_NESTING) {
        flatten(`${name}.`, value, depth + 1);
      } else if (room === 0 || name.length > MAX_ATTRIBUTE_LENGTH || name === '__proto__') dropped += 1;
      else {
        room -= 1;
        attributes[name] = cut(textOf(value) ?? JSON.stringify(value), MAX_ATTRIBUTE_LENGTH);
      }
    }
  };
  flatten('', fields, 1);
  if (dropped > 0) attributes[DROPPED] = String(dropped);
  return attributes;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'object' ? undefined : String(value);
}

function timeOf(time: unknown): number | undefined {
  if (typeof time !== 'string' && typeof time !== 'number') return undefined;
  const atMs = typeof time === 'string' ? Date.parse(time) : time < MAX_SECONDS ? time * 1_000 : time;
  return Number.isFinite(atMs) ? Math.round(atMs) : undefined;
}

function severityOf(level: unknown): number | undefined {
  if (typeof level === 'number') return PINO_LEVELS.find(([from]) => level >= from)?.[1];
  const name = typeof level === 'string' ? level.toLowerCase() : '';
  return Object.hasOwn(SEVERITIES, name) ? SEVERITIES[name] : undefined;
}

function idOf(form: RegExp) {
  return (id: unknown): string | undefined =>
    typeof id === 'string' && form.test(id) ? id.toLowerCase() : undefined;
}

function cut(text: string, max: number): string {
  return text.length <= max ? text : text.slice(0, max).toWellFormed();
}
