import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logsFromProtobuf, metricsFromProtobuf, tracesFromProtobuf } from '../../decode/otlp/otlp.ts';
import type { Labels, LogLine, Sample, SpanRecord } from '../../model.ts';
import { STALE_NAN_BYTES } from '../../sample-rules.ts';
import { ProtobufWriter } from '../protobuf-writer.ts';
import { writeLogs } from './otlp/otlp-logs.ts';
import { familyKey, writeMetrics } from './otlp/otlp-metrics.ts';
import { writeSpans } from './otlp/otlp-spans.ts';

const NOW = 1_795_249_286_746;

function series(labels: Labels, ...points: [number, number][]) {
  return {
    labels,
    times: Float64Array.from(points, ([atMs]) => atMs),
    values: Float64Array.from(points, ([, value]) => value),
  };
}

function written(write: (writer: ProtobufWriter) => void): Buffer {
  const writer = new ProtobufWriter();
  write(writer);
  return Buffer.from(writer.done());
}

function inOrder(samples: readonly Sample[]): string[] {
  return samples
    .map(({ series: labels, atMs, value }) => JSON.stringify([Object.entries(labels).sort(), atMs, value]))
    .sort();
}

test('counters, gauges and histograms are the same series at the receiver', () => {
  const of = { service: 'tax', instance: 'tax-1' };
  const histogram = (name: string, le?: string): Labels => ({
    __name__: `request_seconds_${name}`,
    ...of,
    ...(le !== undefined && { le }),
    route: '/x',
  });
  const all = [
    series({ __name__: 'requests_total', ...of, code: '200' }, [NOW - 5, 1], [NOW, 2]),
    series({ __name__: 'temperature', room: 'ü' }, [NOW, -3.5]),
    series(histogram('bucket', '0.1'), [NOW - 5, 1], [NOW, 2]),
    series(histogram('bucket', '1'), [NOW - 5, 3], [NOW, 4]),
    series(histogram('bucket', '+Inf'), [NOW - 5, 3], [NOW, 6]),
    series(histogram('sum'), [NOW - 5, 0.5], [NOW, 7.25]),
    series(histogram('count'), [NOW - 5, 3], [NOW, 6]),
  ];
  const { samples, rejected } = metricsFromProtobuf(
    written((writer) => writeMetrics(writer, all)),
    NOW,
  );
  assert.deepEqual(rejected, []);
  const sent = all.flatMap(({ labels, times, values }) =>
    [...times].map((atMs, i) => ({
      series: { service: 'unknown_service', ...labels },
      atMs,
      value: values[i]!,
    })),
  );
  assert.deepEqual(inOrder(samples), inOrder(sent));
});

test('parts of a histogram that make none are sent as they are', () => {
  const all = [
    series({ __name__: 'a_bucket', le: '1' }, [NOW, 3]),
    series({ __name__: 'a_bucket', le: '+Inf' }, [NOW, 2]),
    series({ __name__: 'a_count' }, [NOW, 2]),
    series({ __name__: 'people_count' }, [NOW, 5]),
  ];
  const { samples, rejected } = metricsFromProtobuf(
    written((writer) => writeMetrics(writer, all)),
    NOW,
  );
  assert.deepEqual(rejected, []);
  assert.deepEqual(samples.map(({ series: { __name__, le }, value }) => [__name__, le, value]).sort(), [
    ['a_bucket', '+Inf', 2],
    ['a_bucket', '1', 3],
    ['a_count', undefined, 2],
    ['people_count', undefined, 5],
  ]);
});

test('the mark of an end is a point without a value, which is no sample', () => {
  const ended = new Float64Array(new Uint8Array(STALE_NAN_BYTES).buffer.slice(0));
  const one = { labels: { __name__: 'up' }, times: Float64Array.of(NOW), values: ended };
  const { samples, rejected } = metricsFromProtobuf(
    written((writer) => writeMetrics(writer, [one])),
    NOW,
  );
  assert.deepEqual([samples, rejected], [[], []]);
});

test('exemplars are those of their points at the receiver: of a counter, and of the bucket that they fall into', () => {
  const trace = { trace_id: '0af7651916cd43dd8448eb211c80319c', span_id: 'b7ad6b7169203331' };
  const counter = { __name__: 'requests_total', service: 'tax' };
  const bucket = (le: string): Labels => ({ __name__: 'seconds_bucket', service: 'tax', le });
  const slow = { atMs: NOW - 3, value: 0.7, labels: { ...trace, customer: 'ü' } };
  const last = { atMs: NOW, value: 1, labels: trace };
  const odd = { atMs: NOW - 1, value: 2, labels: { trace_id: 'not hexadecimal', span_id: '' } };
  const all = [
    { ...series(counter, [NOW - 5, 1], [NOW, 2]), exemplars: [odd, last] },
    series(bucket('0.1'), [NOW - 5, 1], [NOW, 1]),
    { ...series(bucket('+Inf'), [NOW - 5, 1], [NOW, 2]), exemplars: [slow] },
    series({ __name__: 'seconds_count', service: 'tax' }, [NOW - 5, 1], [NOW, 2]),
  ];
  const { exemplars = [], rejected } = metricsFromProtobuf(
    written((writer) => writeMetrics(writer, all)),
    NOW,
  );
  assert.deepEqual(rejected, []);
  assert.deepEqual(
    exemplars.toSorted((a, b) => a.atMs - b.atMs),
    [
      { series: bucket('+Inf'), ...slow },
      { series: counter, atMs: NOW - 1, value: 2, labels: {} },
      { series: counter, ...last },
    ],
  );
});

test('all series of a histogram have one key, and others another', () => {
  const key = (name: string, more: Labels = {}): string => familyKey({ __name__: name, a: '1', ...more });
  assert.equal(key('x_bucket', { le: '1' }), key('x_sum'));
  assert.equal(key('x_bucket', { le: '1' }), key('x_count'));
  assert.notEqual(key('x_sum'), key('y_sum'));
  assert.notEqual(key('x_sum', { a: '2' }), key('x_sum'));
});

test('log lines are the same at the receiver', () => {
  const lines: LogLine[] = [
    {
      atMs: NOW,
      severity: 17,
      body: 'no "rate" ü\n',
      service: 'tax',
      attributes: { 'err.type': 'E', empty: '' },
    },
    {
      ...{ atMs: NOW + 1, severity: 0, body: '', service: 'shop', attributes: {} },
      ...{ traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' },
    },
  ];
  const { logs, rejected } = logsFromProtobuf(
    written((writer) => writeLogs(writer, lines)),
    NOW,
  );
  assert.deepEqual(rejected, []);
  assert.deepEqual(logs, lines);
});

test('spans are the same at the receiver, with events, links, kinds and states', () => {
  const one: SpanRecord = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    name: 'GET /x',
    kind: 'client',
    service: 'tax',
    startNs: 1_795_249_286_746_123_457n,
    durationNs: 12_345_678,
    status: 'error',
    statusMessage: 'no',
    attributes: { 'http.route': '/x' },
    events: [{ atNs: 1_795_249_286_746_123_999n, name: 'retry', attributes: { attempt: '2' } }],
    links: [{ traceId: '1af7651916cd43dd8448eb211c80319c', spanId: 'c7ad6b7169203331' }],
  };
  const { statusMessage, ...rest } = one;
  const kinds = ['internal', 'server', 'producer', 'consumer'] as const;
  const others = kinds.map(
    (kind, i): SpanRecord => ({
      ...rest,
      kind,
      spanId: `b7ad6b716920334${i}`,
      parentId: one.spanId,
      status: i % 2 === 0 ? 'ok' : 'unset',
      events: [],
      links: [],
    }),
  );
  const { spans, rejected } = tracesFromProtobuf(
    written((writer) => writeSpans(writer, [one, ...others])),
    NOW,
  );
  assert.deepEqual(rejected, []);
  assert.deepEqual(spans, [one, ...others]);
  assert.equal(statusMessage, 'no');
});
