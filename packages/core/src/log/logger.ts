/** The log of a process: pino, one JSON object per line with the context of the call added, secrets hidden,
 * errors with code, data and causes; on a terminal a coloured line for people instead. Writing never throws
 * and never waits. See line-writer.ts for what survives a crash. */
import { isatty } from 'node:tty';
import { type LogFn, type Logger as PinoLogger, type LoggerOptions as PinoOptions, pino } from 'pino';
import { context } from '../context.ts';
import { GoblinError } from '../errors.ts';
import { type LogDestination, lineWriter } from './line-writer.ts';
import type { Logger } from './log.ts';
import { prettyLine, wantsColour } from './pretty.ts';
import { redacted } from './redact.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LoggerOptions {
  readonly service: string;
  readonly instance?: string;
  readonly version?: string;
  /** Lines below it are not written. Default: LOG_LEVEL of the environment, else info. */
  readonly level?: LogLevel;
  /** Lines for people instead of JSON. Default: when standard output is a terminal. */
  readonly pretty?: boolean;
  /** Default: standard output. */
  readonly destination?: LogDestination;
  /** Told of each line of level error or fatal that carries an error in `err`; an error tracker listens here. */
  readonly onError?: (report: ErrorReport) => void;
}

/** What an error tracker is told. */
export interface ErrorReport {
  readonly level: 'error' | 'fatal';
  readonly message: string;
  readonly error: unknown;
  /** The other fields of the line, those of its context and its logger included, with secrets hidden. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The logger of a process, from which parts get theirs by `child`. */
export interface ProcessLogger extends Logger {
  /** Writes what is queued before it returns. Happens by itself at exit and on `fatal`. */
  flush(): void;
}

const ERROR_LEVEL = 50;
const FATAL_LEVEL = 60;

const STDOUT = 1;

let stdoutWriter: LogDestination | undefined;

/** One writer for all loggers, so that their lines stay whole and in order. */
function standardOutput(): LogDestination {
  stdoutWriter ??= lineWriter(STDOUT);
  return stdoutWriter;
}

/** @throws CONFIG_INVALID when LOG_LEVEL is not a level. */
export function createLogger(options: LoggerOptions): ProcessLogger {
  const destination = options.destination ?? standardOutput();
  const pretty = options.pretty ?? (options.destination === undefined && isatty(STDOUT));
  const { service, instance, version, onError } = options;
  const settings: PinoOptions = {
    level: options.level ?? levelOf(process.env.LOG_LEVEL),
    base: { service, ...(instance && { instance }), ...(version && { version }) },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }), log: redacted },
    // `redacted` has made it a record already; pino's own serialiser would take code and causes off again.
    serializers: { err: (record) => record },
    mixin: contextFields,
    ...(onError && { hooks: { logMethod: reporting(onError) } }),
  };
  const logger = pino(settings, pretty ? prettyDestination(destination) : destination);
  const { child } = logger;
  return Object.assign(logger, {
    // What a child adds is written as it was given here, so it must not hold secrets from the start.
    child(this: PinoLogger, fields: Record<string, unknown>) {
      return child.call(this, redacted(fields));
    },
    flush: () => destination.flushSync?.(),
  }) as unknown as ProcessLogger;
}

function levelOf(text: string | undefined): LogLevel {
  if (!text) return 'info';
  const level = LOG_LEVELS.find((known) => known === text.toLowerCase());
  if (level) return level;
  throw new GoblinError('CONFIG_INVALID', {
    message: `LOG_LEVEL is ${JSON.stringify(text)}, which is none of ${LOG_LEVELS.join(', ')}`,
  });
}

/** pino adds the line's own fields to this object, so each line needs a new one. */
function contextFields(): Record<string, unknown> {
  const { trace, tenant, requestId } = context.current;
  const fields: Record<string, unknown> = {};
  if (trace) {
    fields.traceId = trace.traceId;
    fields.spanId = trace.spanId;
  }
  if (tenant !== undefined) fields.tenant = tenant;
  if (requestId !== undefined) fields.requestId = requestId;
  return fields;
}

function reporting(onError: (report: ErrorReport) => void) {
  return function (this: PinoLogger, args: Parameters<LogFn>, method: LogFn, level: number): void {
    method.apply(this, args);
    const [fields, message] = args as [Record<string, unknown> | string, string | undefined];
    if (level < ERROR_LEVEL || typeof fields !== 'object') return;
    const { err: error, ...others } = fields;
    if (!(error instanceof Error)) return;
    onError({
      level: level >= FATAL_LEVEL ? 'fatal' : 'error',
      message: message ?? error.message,
      error,
      fields: { ...this.bindings(), ...contextFields(), ...redacted(others) },
    });
  };
}

function prettyDestination(destination: LogDestination): LogDestination {
  const colour = wantsColour({ isTTY: isatty(STDOUT) });
  return {
    write: (line) => destination.write(`${prettyLine(JSON.parse(line), { colour })}\n`),
    flushSync: () => destination.flushSync?.(),
  };
}
