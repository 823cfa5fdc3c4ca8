/** Spans and metrics in the JSON encoding of OTLP (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding):
 * ids in hex, 64-bit numbers as strings, enums as numbers. Spans are many, so their text is put together by hand;
 * attributes shared by many spans are encoded once. */
import { HistogramSeries } from './histogram-series.ts';
import type { Exemplar, Instrument } from './metrics.ts';
import type { Collected } from './metrics-registry.ts';
import type { Attributes, AttributeValue, EndedSpan, SpanError, SpanKind } from './tracer.ts';

/** Whose telemetry it is, as attributes: `service.name` and the like. */
export type Resource = Attributes;

const KINDS: Readonly<Record<SpanKind, number>> = {
  internal: 1,
  server: 2,
  client: 3,
  producer: 4,
  consumer: 5,
};
const UNITS: Readonly<Record<string, string>> = { seconds: 's', bytes: 'By', ratio: '1' };
const STATUS_ERROR = 2;
const CUMULATIVE = 2;
const SCOPE = '{"name":"goblin"}';

/** The body of a request to `/v1/traces`. */
export function encodeSpans(resource: Resource, spans: readonly EndedSpan[]): string {
  const encoded = spans.map(encodeSpan).join(',');
  return `{"resourceSpans":[{"resource":{"attributes":${encodedOnce(resource)}},"scopeSpans":[{"scope":${SCOPE},"spans":[${encoded}]}]}]}`;
}

function encodeSpan(span: EndedSpan): string {
  const { traceId, spanId, parentSpanId, state, startWallMs, error, events, links } = span;
  let text = `{"traceId":"${traceId}","spanId":"${spanId}","name":${JSON.stringify(span.name)},"kind":${KINDS[span.kind]}`;
  if (parentSpanId) text += `,"parentSpanId":"${parentSpanId}"`;
  if (state) text += `,"traceState":${JSON.stringify(state)}`;
  text += `,"startTimeUnixNano":"${nanoseconds(startWallMs)}","endTimeUnixNano":"${nanoseconds(startWallMs + span.durationMs)}"`;
  text += `,"attributes":${encodedOnce(span.attributes)}`;
  const happened = events.map((event) => eventJson(event.wallMs, event.name, event.attributes));
  if (error) {
    happened.push(eventJson(startWallMs + span.durationMs, 'exception', exceptionAttributes(error)));
    text += `,"status":{"code":${STATUS_ERROR},"message":${JSON.stringify(error.message)}}`;
  }
  if (happened.length > 0) text += `,"events":[${happened.join(',')}]`;
  if (links.length > 0)
    text += `,"links":${JSON.stringify(links.map((link) => ({ traceId: link.traceId, spanId: link.spanId })))}`;
  return `${text}}`;
}

function eventJson(wallMs: number, name: string, attributes: Attributes): string {
  return `{"timeUnixNano":"${nanoseconds(wallMs)}","name":${JSON.stringify(name)},"attributes":${encodeAttributes(attributes)}}`;
}

function exceptionAttributes({ type, message, code, stack }: SpanError): Attributes {
  return {
    'exception.type': type,
    'exception.message': message,
    ...(code !== undefined && { 'exception.code': code }),
    ...(stack !== undefined && { 'exception.stacktrace': stack }),
  };
}

const known = new WeakMap<Attributes, string>();

function encodedOnce(attributes: Attributes): string {
  let text = known.get(attributes);
  if (text === undefined) {
    text = encodeAttributes(attributes);
    known.set(attributes, text);
  }
  return text;
}

function encodeAttributes(attributes: Attributes): string {
  return JSON.stringify(attributeList(attributes));
}

function attributeList(attributes: Attributes): object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: AttributeValue): object {
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value !== 'number') return { stringValue: String(value) };
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: double(value) };
}

/** JSON has no NaN and no infinities; protobuf's JSON writes them as strings. */
function double(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

/** Nanoseconds of milliseconds, which are too many for a double. */
function nanoseconds(ms: number): string {
  const whole = Math.floor(ms);
  return `${whole}${String(Math.floor((ms - whole) * 1e6)).padStart(6, '0')}`;
}

/** The body of a request to `/v1/metrics`: cumulative since `sinceWallMs`. */
export function encodeMetrics(
  resource: Resource,
  metrics: readonly Collected[],
  sinceWallMs: number,
  wallMs: number,
): string {
  const times = { startTimeUnixNano: nanoseconds(sinceWallMs), timeUnixNano: nanoseconds(wallMs) };
  const encoded = metrics
    .map((metric) => encodeMetric(metric, times))
    .filter((metric) => metric !== undefined);
  return JSON.stringify({
    resourceMetrics: [
      {
        resource: { attributes: attributeList(resource) },
        scopeMetrics: [{ scope: { name: 'goblin' }, metrics: encoded }],
      },
    ],
  });
}

function encodeMetric({ instrument, series }: Collected, times: object): object | undefined {
  const dataPoints = Array.from(series, ({ labels, series }) => ({
    attributes: labelList(instrument, labels),
    ...times,
    ...(series instanceof HistogramSeries ? histogramPoint(series) : { asDouble: double(series.value) }),
  }));
  if (dataPoints.length === 0) return undefined;
  const { name, kind, unit, help } = instrument;
  const described = { name, description: help, unit: UNITS[unit] ?? '' };
  if (kind === 'gauge') return { ...described, gauge: { dataPoints } };
  const cumulative = { dataPoints, aggregationTemporality: CUMULATIVE };
  return kind === 'counter'
    ? { ...described, sum: { ...cumulative, isMonotonic: true } }
    : { ...described, histogram: cumulative };
}

function histogramPoint(series: HistogramSeries): object {
  const counts = series.classicCounts();
  return {
    count: String(counts.reduce((sum, count) => sum + count, 0)),
    sum: series.values.sum,
    bucketCounts: Array.from(counts, String),
    explicitBounds: series.bounds,
    exemplars: series
      .takeExemplars()
      .filter((exemplar) => exemplar !== undefined)
      .map(encodeExemplar),
  };
}

function encodeExemplar({ traceId, spanId, value, wallMs }: Exemplar): object {
  return { traceId, spanId, asDouble: value, timeUnixNano: nanoseconds(wallMs) };
}

function labelList({ labels }: Instrument, values: readonly string[]): object[] {
  return labels.map((key, i) => ({ key, value: { stringValue: values[i]! } }));
}
