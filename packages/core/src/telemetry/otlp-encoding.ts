/** Spans and metrics in the JSON encoding of OTLP (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding):
 * ids in hex, 64-bit numbers as strings, enums as numbers. Spans are many and metrics are sent often, so their text is put
 * together by hand; attributes shared by many spans, labels and bounds are encoded once. */
import { HistogramSeries } from './histogram-series.ts';
import type { Exemplar } from './metrics.ts';
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
  return `{"resourceSpans":[{"resource":{"attributes":${once(resource, encodeAttributes)}},"scopeSpans":[{"scope":${SCOPE},"spans":[${encoded}]}]}]}`;
}

function encodeSpan(span: EndedSpan): string {
  const { traceId, spanId, parentSpanId, state, startWallMs, error, events, links } = span;
  let text = `{"traceId":"${traceId}","spanId":"${spanId}","name":${JSON.stringify(span.name)},"kind":${KINDS[span.kind]}`;
  if (parentSpanId) text += `,"parentSpanId":"${parentSpanId}"`;
  if (state) text += `,"traceState":${JSON.stringify(state)}`;
  text += `,"startTimeUnixNano":"${nanoseconds(startWallMs)}","endTimeUnixNano":"${nanoseconds(startWallMs + span.durationMs)}"`;
  text += `,"attributes":${once(span.attributes, encodeAttributes)}`;
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

const known = new WeakMap<object, string>();

function once<T extends object>(of: T, encode: (of: T) => string): string {
  let text = known.get(of);
  if (text === undefined) {
    text = encode(of);
    known.set(of, text);
  }
  return text;
}

/** One call for all: it is faster than a text put together of many. */
function encodeAttributes(attributes: Attributes): string {
  return JSON.stringify(Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) })));
}

function anyValue(value: AttributeValue): object {
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value !== 'number') return { stringValue: String(value) };
  if (Number.isSafeInteger(value)) return { intValue: String(value) };
  return { doubleValue: Number.isFinite(value) ? value : String(value) };
}

/** JSON has no NaN and no infinities; protobuf's JSON writes them as strings. */
function double(value: number): string {
  return Number.isFinite(value) ? String(value) : `"${value}"`;
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
  const times = `"startTimeUnixNano":"${nanoseconds(sinceWallMs)}","timeUnixNano":"${nanoseconds(wallMs)}"`;
  const encoded = metrics.map((metric) => encodeMetric(metric, times)).filter((text) => text !== '');
  return `{"resourceMetrics":[{"resource":{"attributes":${once(resource, encodeAttributes)}},"scopeMetrics":[{"scope":${SCOPE},"metrics":[${encoded.join(',')}]}]}]}`;
}

/** Empty for one that has no series. */
function encodeMetric({ instrument, series }: Collected, times: string): string {
  const { name, kind, unit, help, labels: keys } = instrument;
  const points = Array.from(series, ({ labels, series }) => {
    const attributes = once(labels, (values) => labelList(keys, values));
    const value =
      series instanceof HistogramSeries ? histogramPoint(series) : `"asDouble":${double(series.value)}`;
    return `{"attributes":${attributes},${times},${value}}`;
  });
  if (points.length === 0) return '';
  const described = `"name":"${name}","description":${JSON.stringify(help)},"unit":"${UNITS[unit] ?? ''}"`;
  const dataPoints = `"dataPoints":[${points.join(',')}]`;
  if (kind === 'gauge') return `{${described},"gauge":{${dataPoints}}}`;
  const cumulative = `${dataPoints},"aggregationTemporality":${CUMULATIVE}`;
  return kind === 'counter'
    ? `{${described},"sum":{${cumulative},"isMonotonic":true}}`
    : `{${described},"histogram":{${cumulative}}}`;
}

function histogramPoint(series: HistogramSeries): string {
  const counts = series.classicCounts();
  const count = counts.reduce((sum, count) => sum + count, 0);
  const bounds = once(series.bounds, JSON.stringify);
  const exemplars = series.takeExemplars().flatMap((exemplar) => (exemplar ? encodeExemplar(exemplar) : []));
  return `"count":"${count}","sum":${double(series.values.sum)},"bucketCounts":["${counts.join('","')}"],"explicitBounds":${bounds},"exemplars":[${exemplars.join(',')}]`;
}

function encodeExemplar({ traceId, spanId, value, wallMs }: Exemplar): string {
  return `{"traceId":"${traceId}","spanId":"${spanId}","asDouble":${double(value)},"timeUnixNano":"${nanoseconds(wallMs)}"}`;
}

function labelList(keys: readonly string[], values: readonly string[]): string {
  return JSON.stringify(keys.map((key, i) => ({ key, value: { stringValue: values[i]! } })));
}
