/** Influx line protocol (https://docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference/): each field of a line is a
 * sample named `measurement_field`, and `measurement` alone where the one field is called `value`; tags are labels. Booleans are 1
 * and 0. Text is no sample: it is counted. A line that cannot be read is left out alone. */
import type { Labels } from '../model.ts';
import { BatchBuilder, requestBytes } from './batch-builder.ts';
import type { Decoder } from './decoder.ts';
import { labelName, type MutableLabels, metricName, nameFault, putLabel, TOO_MANY_LABELS } from './labels.ts';
import { MAX_LABELS } from './limits.ts';

const TEXT_FIELD = 'a field is text, which is no sample';
const BAD_FIELD = 'the value of a field is neither a number nor true or false';
const BAD_LINE = 'a line is not "measurement,tag=value field=number time"';
const BAD_TIME = 'the time of a line is no whole number';

/** How many of a precision's units are a millisecond. */
const PER_MS = { ns: 1e6, us: 1e3, ms: 1, s: 1e-3, m: 1 / 60_000, h: 1 / 3_600_000 } as const;
export type Precision = keyof typeof PER_MS;
export const PRECISIONS: readonly Precision[] = Object.keys(PER_MS) as Precision[];

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const WHOLE = /^[+-]?\d+[iu]$/;
const TIME = /^-?\d{1,19}$/;
const BOOLEANS: Readonly<Record<string, number>> = {
  t: 1,
  T: 1,
  true: 1,
  True: 1,
  TRUE: 1,
  f: 0,
  F: 0,
  false: 0,
  False: 0,
  FALSE: 0,
};
const LINE_END = 10;
const SPACE = 32;
const QUOTE = 34;
const HASH = 35;
const COMMA = 44;
const EQUALS = 61;
const BACKSLASH = 92;

/** What lines of the same measurement and tags share within a request. */
interface Head {
  readonly measurement: string;
  readonly tags: Labels;
  readonly series: Map<string, Labels>;
  readonly fault: string | undefined;
}

interface Field {
  readonly key: string;
  readonly value: string;
}

/** Of one precision of times. */
export function lineProtocol(precision: Precision): Decoder {
  const perMs = PER_MS[precision];
  return (bytes, receivedAtMs) => {
    const builder = new BatchBuilder(receivedAtMs);
    const text = requestBytes(bytes).toString();
    const heads = new Map<string, Head>();
    const fields: Field[] = [];
    let at = 0;
    while (at < text.length) {
      const first = text.charCodeAt(at);
      if (first <= SPACE) at += 1;
      else if (first === HASH) at = lineEnd(text, at) + 1;
      else at = readLine(at) + 1;
    }
    return builder.batch();

    /** @returns where the line ends. */
    function readLine(start: number): number {
      const headEnd = endOf(text, start, SPACE, -1);
      if (text.charCodeAt(headEnd) !== SPACE) return refuseLine(start, BAD_LINE);
      const key = text.slice(start, headEnd);
      let head = heads.get(key);
      if (!head) {
        head = headOf(key);
        heads.set(key, head);
      }
      fields.length = 0;
      const end = readFields(headEnd + 1);
      if (end < 0) return refuseLine(start, BAD_LINE);
      const close = lineEnd(text, end);
      const time = text.slice(end, close).trim();
      if (time !== '' && !TIME.test(time)) return refuseLine(start, BAD_TIME);
      const atMs = time === '' ? receivedAtMs : Math.round(Number(time) / perMs);
      if (head.fault !== undefined) builder.refuse(head.fault, key, fields.length);
      else for (const field of fields) addField(head, field, atMs);
      return close;
    }

    /** @returns where the fields end, or -1. */
    function readFields(start: number): number {
      let at = start;
      while (text.charCodeAt(at) === SPACE) at += 1;
      for (;;) {
        const keyEnd = endOf(text, at, EQUALS, SPACE);
        if (keyEnd === at || text.charCodeAt(keyEnd) !== EQUALS) return -1;
        const key = unescaped(text.slice(at, keyEnd));
        at = keyEnd + 1;
        const isText = text.charCodeAt(at) === QUOTE;
        const end = isText ? quoteEnd(text, at) : endOf(text, at, COMMA, SPACE);
        if (end <= at) return -1;
        fields.push({ key, value: isText ? '"' : text.slice(at, end) });
        at = end;
        const next = text.charCodeAt(at);
        if (next !== COMMA) return at >= text.length || next <= SPACE ? at : -1;
        at += 1;
      }
    }

    function addField(head: Head, { key, value }: Field, atMs: number): void {
      if (value === '"') return builder.refuse(TEXT_FIELD, `${head.measurement} ${key}`);
      const number = numberOf(value);
      if (number === undefined) return builder.refuse(BAD_FIELD, `${head.measurement} ${key}=${value}`);
      const field = key === 'value' && fields.length === 1 ? '' : key;
      let series = head.series.get(field);
      if (!series) {
        const name = metricName(field ? `${head.measurement}_${field}` : head.measurement);
        const fault = nameFault(name);
        if (fault !== undefined) return builder.refuse(fault, name);
        series = { __name__: name, ...head.tags };
        head.series.set(field, series);
      }
      builder.addSample(series, atMs, number);
    }

    function refuseLine(start: number, reason: string): number {
      const end = lineEnd(text, start);
      builder.refuse(reason, text.slice(start, Math.min(end, start + 200)));
      return end;
    }
  };
}

function headOf(text: string): Head {
  let at = endOf(text, 0, COMMA, -1);
  const measurement = unescaped(text.slice(0, at));
  const tags: MutableLabels = {};
  let fault = nameFault(measurement);
  let count = 0;
  while (at < text.length && fault === undefined) {
    const end = endOf(text, at + 1, COMMA, -1);
    const equals = endOf(text, at + 1, EQUALS, COMMA);
    count += 1;
    if (equals >= end || equals === at + 1) fault = BAD_LINE;
    else if (count > MAX_LABELS) fault = TOO_MANY_LABELS;
    else
      fault = putLabel(
        tags,
        labelName(unescaped(text.slice(at + 1, equals))),
        unescaped(text.slice(equals + 1, end)),
      );
    at = end;
  }
  return { measurement, tags, series: new Map(), fault };
}

function numberOf(value: string): number | undefined {
  if (NUMBER.test(value)) return Number(value);
  if (WHOLE.test(value)) return Number(value.slice(0, -1));
  return Object.hasOwn(BOOLEANS, value) ? BOOLEANS[value] : undefined;
}

/** The first of the characters that stands unescaped, the end of the line, or of the text. */
function endOf(text: string, from: number, stop: number, other: number): number {
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === stop || code === other || code === LINE_END) return at;
    if (code === BACKSLASH && text.charCodeAt(at + 1) !== LINE_END) at += 1;
  }
  return text.length;
}

/** Behind the closing quote, or -1. Text may hold ends of lines. */
function quoteEnd(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    if (code === BACKSLASH) at += 1;
  }
  return -1;
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}

function unescaped(text: string): string {
  return text.includes('\\') ? text.replace(/\\([,= ])/g, '$1') : text;
}
