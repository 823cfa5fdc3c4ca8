/** The six decoders of OTLP (https://opentelemetry.io/docs/specs/otlp/): three signals in two encodings, each read into the forms of
 * wire.ts and from there mapped to the model in one place. All throw INVALID_INPUT for what cannot be read at all, and
 * PAYLOAD_TOO_LARGE. */
import { BatchBuilder } from '../batch-builder.ts';
import type { Decoder } from '../decoder.ts';
import { logOf, spanOf } from './json-items.ts';
import { metricOf } from './json-metrics.ts';
import { type JsonNames, readJsonRequest } from './json-request.ts';
import { addLog } from './logs.ts';
import { addMetric } from './metrics.ts';
import { readLog } from './protobuf-logs.ts';
import { readMetric } from './protobuf-metrics.ts';
import { readRequest } from './protobuf-request.ts';
import { readSpan } from './protobuf-traces.ts';
import { addSpan } from './spans.ts';

const TRACES: JsonNames = { resources: 'resourceSpans', scopes: 'scopeSpans', items: 'spans' };
const METRICS: JsonNames = { resources: 'resourceMetrics', scopes: 'scopeMetrics', items: 'metrics' };
const LOGS: JsonNames = { resources: 'resourceLogs', scopes: 'scopeLogs', items: 'logRecords' };

export const tracesFromProtobuf: Decoder = (bytes, receivedAtMs) => {
  const builder = new BatchBuilder(receivedAtMs);
  readRequest(builder, bytes, 'a span is damaged', readSpan, (from, span) => addSpan(builder, from, span));
  return builder.batch();
};

export const tracesFromJson: Decoder = (bytes, receivedAtMs) => {
  const builder = new BatchBuilder(receivedAtMs);
  readJsonRequest(builder, bytes, TRACES, (from, json) => addSpan(builder, from, spanOf(json)));
  return builder.batch();
};

export const metricsFromProtobuf: Decoder = (bytes, receivedAtMs) => {
  const builder = new BatchBuilder(receivedAtMs);
  readRequest(
    builder,
    bytes,
    'a metric is damaged',
    (reader) => readMetric(builder, reader),
    (from, metric) => addMetric(builder, from, metric),
  );
  return builder.batch();
};

export const metricsFromJson: Decoder = (bytes, receivedAtMs) => {
  const builder = new BatchBuilder(receivedAtMs);
  readJsonRequest(builder, bytes, METRICS, (from, json) => addMetric(builder, from, metricOf(json)));
  return builder.batch();
};

export const logsFromProtobuf: Decoder = (bytes, receivedAtMs) => {
  const builder = new BatchBuilder(receivedAtMs);
  readRequest(builder, bytes, 'a log record is damaged', readLog, (from, log) => addLog(builder, from, log));
  return builder.batch();
};

export const logsFromJson: Decoder = (bytes, receivedAtMs) => {
  const builder = new BatchBuilder(receivedAtMs);
  readJsonRequest(builder, bytes, LOGS, (from, json) => addLog(builder, from, logOf(json)));
  return builder.batch();
};
