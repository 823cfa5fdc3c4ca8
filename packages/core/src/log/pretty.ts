/** One record of the log as a line for people:
 *
 *   12:03:04.123 warn  payments  the acquirer answered slowly  ms=812 attempt=2  trace=4bf92f35
 *
 * An error adds its stack below, indented. Nothing that a record holds can steer the terminal: control
 * characters are printed as escapes. */
import { stripVTControlCharacters } from 'node:util';

export interface PrettyOptions {
  /** ANSI colours. Default false. */
  readonly colour?: boolean;
}

/** Fields with a place of their own, and those that repeat what a developer's terminal shows anyway. */
const PLACED: ReadonlySet<string> = new Set([
  'level',
  'time',
  'service',
  'instance',
  'version',
  'msg',
  'err',
  'traceId',
  'spanId',
]);
const TRACE_ID_SHOWN = 8;
const SERVICE_WIDTH = 10;
const LEVEL_WIDTH = 5;

const GREY = 90;
const RED = 31;
const LEVEL_COLOURS: Readonly<Record<string, number>> = {
  trace: GREY,
  debug: 36,
  info: 32,
  warn: 33,
  error: RED,
  fatal: 35,
};
/** Each service keeps one of these, chosen by its name. */
const SERVICE_COLOURS = [34, 36, 35, 32, 33, 94, 95, 96];

/** The line, without a line break at its end. Takes any parsed JSON line, also of other programs. */
export function prettyLine(record: Readonly<Record<string, unknown>>, options: PrettyOptions = {}): string {
  const paint = options.colour ? painted : plain;
  const level = String(record.level ?? 'info');
  const service = printable(String(record.service ?? ''));
  const parts = [
    paint(timeOf(record.time), GREY),
    paint(level.padEnd(LEVEL_WIDTH), LEVEL_COLOURS[level] ?? GREY),
    paint(service.padEnd(SERVICE_WIDTH), colourOf(service)),
    ` ${printable(String(record.msg ?? ''))}`,
  ];
  const fields = Object.entries(record).filter(
    ([key, value]) => !PLACED.has(key) && !isSaid(record, key, value),
  );
  if (fields.length > 0) {
    const shown = fields.map(
      ([key, value]) => `${paint(`${printable(key)}=`, GREY)}${printable(textOf(value))}`,
    );
    parts.push(` ${shown.join(' ')}`);
  }
  if (typeof record.traceId === 'string')
    parts.push(paint(` trace=${printable(record.traceId.slice(0, TRACE_ID_SHOWN))}`, GREY));
  const line = parts.join(' ');
  return record.err === undefined ? line : `${line}\n${errorLines(record.err, paint).join('\n')}`;
}

/** Whether to colour what is written to a stream: it is a terminal, and NO_COLOR (https://no-color.org) is not set. */
export function wantsColour(
  stream: { readonly isTTY?: boolean | undefined },
  env: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  return stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}

/** Whether the line says it already: as a word of its message, or, the request's id, by the trace. */
function isSaid({ msg, traceId }: Readonly<Record<string, unknown>>, key: string, value: unknown): boolean {
  if (key === 'requestId') return traceId !== undefined;
  const isWord = typeof value === 'string' || typeof value === 'number';
  return isWord && typeof msg === 'string' && msg.split(' ').includes(String(value));
}

type Paint = (text: string, colour: number) => string;

const painted: Paint = (text, colour) => `\u001b[${colour}m${text}\u001b[39m`;
const plain: Paint = (text) => text;

function colourOf(service: string): number {
  let hash = 0;
  for (let i = 0; i < service.length; i++) hash = (hash * 31 + service.charCodeAt(i)) >>> 0;
  return SERVICE_COLOURS[hash % SERVICE_COLOURS.length]!;
}

function timeOf(time: unknown): string {
  const date = new Date(typeof time === 'number' || typeof time === 'string' ? time : Number.NaN);
  if (Number.isNaN(date.getTime())) return '--:--:--.---';
  const two = (value: number): string => String(value).padStart(2, '0');
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${clock}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value) ?? String(value);
  return /[\s"=]/.test(value) || value === '' ? JSON.stringify(value) : value;
}

function errorLines(err: unknown, paint: Paint, label = ''): string[] {
  const error = (typeof err === 'object' && err !== null ? err : { message: String(err) }) as Record<
    string,
    unknown
  >;
  const code = error.code === undefined ? '' : ` ${textOf(error.code)}`;
  const head = `${label}${String(error.type ?? 'Error')}${code}: ${String(error.message ?? '')}`;
  const data = error.data === undefined ? [] : [`data ${textOf(error.data)}`];
  const stack = String(error.stack ?? '').split('\n');
  const frames = stack.filter((line) => /^\s+at /.test(line)).map((line) => line.trim());
  const cause = error.cause === undefined ? [] : errorLines(error.cause, paint, 'caused by ');
  return [
    ...head.split('\n').map((line) => paint(`    ${printable(line)}`, RED)),
    ...[...data, ...frames].map((line) => paint(`      ${printable(line)}`, GREY)),
    ...cause,
  ];
}

/** Line breaks and other control characters as they are written in JSON. */
function printable(text: string): string {
  return stripVTControlCharacters(text).replaceAll(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    /[\u0000-\u001f\u007f-\u009f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
