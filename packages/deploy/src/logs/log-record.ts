/** One line of output as one record of the log: JSON with at least `time`, `level`, `service`, `instance` and
 * `msg`. Our own services write that already; what other programs print is wrapped. */

export interface LogRecord {
  /** ISO 8601. */
  readonly time: string;
  /** trace, debug, info, warn, error or fatal. */
  readonly level: string;
  readonly service: string;
  readonly instance: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface LogSource {
  readonly service: string;
  readonly instance: string;
}

/** The levels from the least to the most severe. */
export const LEVELS: readonly string[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

/** pino's numbers, as other programs that use it print them. */
const PINO_LEVELS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};

/** @param fallbackLevel of a line that names none. */
export function recordOf(line: string, source: LogSource, fallbackLevel: string, nowMs: number): LogRecord {
  const fields = objectOf(line) ?? { msg: line };
  const { time, level, msg, ...others } = fields;
  return {
    time: timeOf(time, nowMs),
    level: levelOf(level) ?? fallbackLevel,
    service: source.service,
    instance: source.instance,
    ...others,
    msg: typeof msg === 'string' ? msg : typeof fields.message === 'string' ? fields.message : '',
  };
}

/** The record of a line that this package wrote; undefined for one that was cut off by a crash. */
export function parseRecord(line: string): LogRecord | undefined {
  const fields = objectOf(line);
  return fields && typeof fields.time === 'string' ? (fields as LogRecord) : undefined;
}

function objectOf(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function timeOf(time: unknown, nowMs: number): string {
  const date = new Date(typeof time === 'string' || typeof time === 'number' ? time : nowMs);
  return Number.isNaN(date.getTime()) ? new Date(nowMs).toISOString() : date.toISOString();
}

function levelOf(level: unknown): string | undefined {
  if (typeof level === 'number') return PINO_LEVELS[level];
  const name = typeof level === 'string' ? level.toLowerCase() : undefined;
  return name !== undefined && LEVELS.includes(name) ? name : undefined;
}
