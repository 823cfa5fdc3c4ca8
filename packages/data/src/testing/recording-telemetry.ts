/** Telemetry for tests: keeps spans, logged lines and measurements in memory instead of sending them anywhere. */
import type {
  AttributeValue,
  Labelled,
  Logger,
  LogMethod,
  Metrics,
  Telemetry,
  TraceContext,
} from '@goblin/core';
import { context } from '@goblin/core';

export interface RecordedSpan {
  readonly name: string;
  readonly kind: string;
  readonly parent: TraceContext | undefined;
  readonly context: TraceContext;
  readonly attributes: Record<string, AttributeValue>;
  error: unknown;
  ended: boolean;
}

export interface RecordedLine {
  readonly level: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

export interface RecordingTelemetry extends Telemetry {
  readonly spans: RecordedSpan[];
  readonly lines: RecordedLine[];
  /** The last value set, or all that was added or recorded, by `name{label,label}`. */
  readonly values: Map<string, number>;
}

export function recordingTelemetry(): RecordingTelemetry {
  const spans: RecordedSpan[] = [];
  const lines: RecordedLine[] = [];
  const values = new Map<string, number>();
  let count = 0;
  const id = (length: number): string => (++count).toString(16).padStart(length, '0');

  const instrument = (
    name: string,
  ): Labelled<{ add(n?: number): void; set(n: number): void; record(n: number): void }> => ({
    with: (...labels) => {
      const key = `${name}{${labels.join(',')}}`;
      const add = (amount = 1): void => void values.set(key, (values.get(key) ?? 0) + amount);
      return { add, record: add, set: (value) => void values.set(key, value) };
    },
  });
  const metrics: Metrics = {
    counter: instrument,
    gauge: instrument,
    histogram: instrument,
    observe: () => ({ [Symbol.dispose]: () => {} }),
    instruments: () => [],
    snapshot: () => ({ wallMs: 0, sinceWallMs: 0, metrics: [] }),
    expose: () => '',
  };

  return {
    spans,
    lines,
    values,
    metrics,
    log: recordingLog(lines, {}),
    tracer: {
      start(name, options = {}) {
        const parent = options.parent === undefined ? context.trace : (options.parent ?? undefined);
        const span: RecordedSpan = {
          name,
          kind: options.kind ?? 'internal',
          parent,
          context: { traceId: parent?.traceId ?? id(32), spanId: id(16), sampled: true },
          attributes: { ...options.attributes },
          error: undefined,
          ended: false,
        };
        spans.push(span);
        return {
          context: span.context,
          set: (key, value) => {
            span.attributes[key] = value;
          },
          rename: () => {},
          event: () => {},
          fail: (error) => {
            span.error = error;
          },
          end: () => {
            span.ended = true;
          },
        };
      },
    },
  };
}

function recordingLog(lines: RecordedLine[], bound: Readonly<Record<string, unknown>>): Logger {
  const method =
    (level: string): LogMethod =>
    (first: string | Readonly<Record<string, unknown>>, second?: string) => {
      const fields = typeof first === 'string' ? bound : { ...bound, ...first };
      lines.push({ level, fields, message: typeof first === 'string' ? first : (second ?? '') });
    };
  return {
    trace: method('trace'),
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
    fatal: method('fatal'),
    child: (fields) => recordingLog(lines, { ...bound, ...fields }),
  };
}
