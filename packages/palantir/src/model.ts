/** The words of telemetry in this package. A metric is a series of floats, as in Prometheus: a histogram is its classic series
 * `x_bucket{le}`, `x_sum` and `x_count`. What decoders answer, what the store keeps and what queries give is all made of these. */

/** `__name__` holds the name of the metric. */
export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly series: Labels;
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number;
  readonly value: number;
}

export interface LogLine {
  readonly atMs: number;
  /** 1 (TRACE) to 24 (FATAL4), as in OpenTelemetry; 0 where it is not known. */
  readonly severity: number;
  readonly body: string;
  readonly service: string;
  readonly attributes: Labels;
  /** 32 and 16 hex digits. */
  readonly traceId?: string;
  readonly spanId?: string;
}

export type SpanStatus = 'unset' | 'ok' | 'error';
export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';

export interface SpanMoment {
  readonly atNs: bigint;
  readonly name: string;
  readonly attributes: Labels;
}

export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
}

export interface SpanRecord {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId?: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly service: string;
  /** Nanoseconds since the Unix epoch. */
  readonly startNs: bigint;
  readonly durationNs: number;
  readonly status: SpanStatus;
  readonly statusMessage?: string;
  readonly attributes: Labels;
  readonly events: readonly SpanMoment[];
  readonly links: readonly SpanLink[];
}

/** A measurement that shows where a series comes from: usually the trace of a request that fell into a bucket of a histogram. */
export interface Exemplar {
  /** The series that it belongs to. */
  readonly series: Labels;
  readonly atMs: number;
  readonly value: number;
  /** `trace_id`, `span_id` and what else the sender says. */
  readonly labels: Labels;
}

/** Where a line of a log was read. Positions of one source grow from line to line. */
export interface LineOrigin {
  readonly source: string;
  readonly position: number;
}

/** What was not taken, and why: what is good in the same request is kept. */
export interface Rejection {
  readonly count: number;
  readonly reason: string;
}

export interface Batch {
  readonly samples: readonly Sample[];
  /** Not there where there are none. */
  readonly exemplars?: readonly Exemplar[];
  readonly logs: readonly LogLine[];
  /** One for each of the lines, where they may be read again: a line that is kept is then not kept twice. */
  readonly origins?: readonly LineOrigin[];
  readonly spans: readonly SpanRecord[];
  readonly rejected: readonly Rejection[];
}

/** As in PromQL and LogQL. A label that is not there is the empty text; regular expressions match whole values. */
export interface Matcher {
  readonly label: string;
  readonly op: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}
