/** What the two encodings of OTLP are read into, and what is mapped to the model: the messages of opentelemetry-proto 1.x, without
 * what is not kept. A field that is not there has protobuf's default. */
import type { AnyValue, KeyValue } from './any-value.ts';

export interface WireSpan {
  /** Hex, of any length until it is checked. */
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  kind: number;
  startNs: bigint;
  endNs: bigint;
  attributes: KeyValue[];
  droppedAttributes: number;
  events: WireEvent[];
  links: WireLink[];
  statusCode: number;
  statusMessage: string;
}

export interface WireEvent {
  atNs: bigint;
  name: string;
  attributes: KeyValue[];
}

export interface WireLink {
  traceId: string;
  spanId: string;
}

export interface WireLog {
  /** Nanoseconds, to the precision of a double; 0 when it is not known. */
  atNs: number;
  observedNs: number;
  severity: number;
  severityText: string;
  eventName: string;
  body: AnyValue;
  attributes: KeyValue[];
  droppedAttributes: number;
  traceId: string;
  spanId: string;
}

export const METRIC_KINDS = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'] as const;
export type MetricKind = (typeof METRIC_KINDS)[number];

export interface WireMetric {
  name: string;
  unit: string;
  kind: MetricKind | undefined;
  isMonotonic: boolean;
  /** 1 delta, 2 cumulative. */
  temporality: number;
  points: WirePoint[];
}

/** The points of all kinds; each kind uses some of it. */
export interface WirePoint {
  attributes: KeyValue[];
  /** Nanoseconds, to the precision of a double. */
  atNs: number;
  flags: number;
  /** Of a gauge or sum. */
  value: number | undefined;
  count: number;
  sum: number | undefined;
  /** Of a histogram. */
  bounds: number[];
  counts: number[];
  /** Of an exponential histogram. */
  scale: number;
  zeroCount: number;
  positive: WireBuckets;
  negative: WireBuckets;
  /** Of a summary. */
  quantiles: { quantile: number; value: number }[];
  /** Undefined where there are none. */
  exemplars: WireExemplar[] | undefined;
}

export interface WireExemplar {
  atNs: number;
  value: number;
  traceId: string;
  spanId: string;
  /** Those that the series does not have. */
  attributes: KeyValue[];
}

export interface WireBuckets {
  offset: number;
  counts: number[];
}

export function wireSpan(): WireSpan {
  return {
    traceId: '',
    spanId: '',
    parentSpanId: '',
    name: '',
    kind: 0,
    startNs: 0n,
    endNs: 0n,
    attributes: [],
    droppedAttributes: 0,
    events: [],
    links: [],
    statusCode: 0,
    statusMessage: '',
  };
}

export function wireLog(): WireLog {
  return {
    atNs: 0,
    observedNs: 0,
    severity: 0,
    severityText: '',
    eventName: '',
    body: null,
    attributes: [],
    droppedAttributes: 0,
    traceId: '',
    spanId: '',
  };
}

export function wireMetric(): WireMetric {
  return { name: '', unit: '', kind: undefined, isMonotonic: false, temporality: 0, points: [] };
}

const NOTHING: WireBuckets = Object.freeze({ offset: 0, counts: [] });

export function wirePoint(): WirePoint {
  return {
    attributes: [],
    atNs: 0,
    flags: 0,
    value: undefined,
    count: 0,
    sum: undefined,
    bounds: [],
    counts: [],
    scale: 0,
    zeroCount: 0,
    positive: NOTHING,
    negative: NOTHING,
    quantiles: [],
    exemplars: undefined,
  };
}

export function wireExemplar(): WireExemplar {
  return { atNs: 0, value: Number.NaN, traceId: '', spanId: '', attributes: [] };
}
