import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { isGoblinError } from '@goblin/core';
import type { Batch, Sample } from '../model.ts';
import { decoders, type Format } from './decoders.ts';
import {
  attribute,
  bytesField,
  double,
  field,
  fixed64,
  message,
  request,
} from './fixtures/protobuf-writer.ts';
import {
  AT_MS,
  logBytes,
  REQUESTS,
  SPAN_ID,
  seriesBytes,
  snappyLiteral,
  spanBytes,
  sumBytes,
  TRACE_ID,
} from './fixtures/samples.ts';
import { MAX_LABEL_VALUE_LENGTH, MAX_REQUEST_BYTES } from './limits.ts';

const decode = (format: Format, bytes: Uint8Array | string): Batch =>
  decoders[format](Buffer.from(bytes), AT_MS);
const good = (format: Format): Batch => decode(format, REQUESTS[format]!);

/** As Prometheus would print them. */
function printed({ samples }: { samples: readonly Sample[] }): string[] {
  return samples.map(({ series: { __name__, ...labels }, value }) => {
    const pairs = Object.keys(labels)
      .sort()
      .map((label) => `${label}="${labels[label]}"`);
    return `${__name__}{${pairs}} ${value}`;
  });
}

describe('OTLP', () => {
  test('a span of protobuf is kept with its resource, events, links and status', () => {
    const { spans, rejected } = good('otlp-traces-protobuf');
    assert.deepEqual(rejected, []);
    assert.deepEqual(spans, [
      {
        traceId: TRACE_ID,
        spanId: SPAN_ID,
        parentId: '00f067aa0ba902b7',
        name: 'GET /pay',
        kind: 'server',
        service: 'shop',
        startNs: BigInt(AT_MS) * 1_000_000n,
        durationNs: 1_500,
        status: 'error',
        statusMessage: 'no',
        attributes: { 'service.instance.id': 'a1', 'http.route': '/pay', 'http.response.status_code': '500' },
        events: [
          {
            atNs: BigInt(AT_MS) * 1_000_000n,
            name: 'exception',
            attributes: { 'exception.type': 'TypeError' },
          },
        ],
        links: [{ traceId: TRACE_ID, spanId: SPAN_ID }],
      },
    ]);
  });

  test('a span of JSON is read as one of protobuf is', () => {
    const [span] = good('otlp-traces-json').spans;
    assert.deepEqual(
      [span!.name, span!.kind, span!.durationNs, span!.attributes['http.route']],
      ['GET /pay', 'server', 1_500, '/pay'],
    );
  });

  test('metrics have the names of Prometheus, and histograms their classic series', () => {
    const lines = printed(good('otlp-metrics-protobuf'));
    for (const line of [
      'cpu_load_ratio{instance="a1",service="shop"} 0.5',
      'http_requests_total{http_route="/pay",instance="a1",service="shop"} -7',
      'rpc_duration_seconds_bucket{instance="a1",le="0.1",service="shop"} 1',
      'rpc_duration_seconds_bucket{instance="a1",le="1",service="shop"} 3',
      'rpc_duration_seconds_bucket{instance="a1",le="+Inf",service="shop"} 6',
      'rpc_duration_seconds_sum{instance="a1",service="shop"} 1.5',
      'rpc_duration_seconds_count{instance="a1",service="shop"} 6',
      'gc_pause_seconds{instance="a1",quantile="0.99",service="shop"} 3',
    ])
      assert.ok(lines.includes(line), line);
    assert.deepEqual(printed(good('otlp-metrics-json')), [
      'http_requests_total{http_route="/pay",service="shop"} 7',
    ]);
  });

  test('the exemplars of a histogram belong to the bucket that they fell into', () => {
    const { exemplars } = good('otlp-metrics-protobuf');
    assert.deepEqual(
      exemplars?.map(({ series, ...rest }) => ({ name: series.__name__, le: series.le, ...rest })),
      [
        {
          name: 'rpc_duration_seconds_bucket',
          le: '1',
          atMs: AT_MS,
          value: 0.7,
          labels: { country: 'FR', trace_id: TRACE_ID, span_id: SPAN_ID },
        },
      ],
    );
    const [json] = good('otlp-metrics-json').exemplars!;
    assert.deepEqual(
      [json!.series.__name__, json!.value, json!.labels.trace_id],
      ['http_requests_total', 1, TRACE_ID],
    );
  });

  test('an exponential histogram stands on fixed bounds, and its counts never fall from one bound to the next', () => {
    const { samples } = good('otlp-metrics-protobuf');
    const buckets = samples.filter(({ series }) => series.__name__ === 'queue_wait_seconds_bucket');
    const counts = buckets.map(({ value }) => value);
    assert.deepEqual(
      counts,
      counts.toSorted((one, other) => one - other),
    );
    assert.equal(buckets.at(-1)!.series.le, '+Inf');
    assert.equal(counts.at(-1), 10);
  });

  test('what is delta is refused, with what to set at the sender', () => {
    const { samples, rejected } = decode('otlp-metrics-protobuf', request('shop', sumBytes(1)));
    assert.equal(samples.length, 0);
    assert.match(rejected[0]!.reason, /TEMPORALITY_PREFERENCE=cumulative/);
  });

  test('a log record has its severity from the text where it has no number, and its trace', () => {
    const [line] = good('otlp-logs-protobuf').logs;
    assert.deepEqual(line, {
      atMs: AT_MS,
      severity: 17,
      body: 'it broke',
      service: 'shop',
      attributes: { 'service.instance.id': 'a1', 'error.type': 'TypeError' },
      traceId: TRACE_ID,
      spanId: SPAN_ID,
    });
    assert.equal(good('otlp-logs-json').logs[0]!.severity, 17);
  });

  test('a damaged item costs itself only', () => {
    const damaged = bytesField(2, Buffer.from([0x0a, 0x7f]));
    const { spans, rejected } = decode(
      'otlp-traces-protobuf',
      request('shop', spanBytes('a'), damaged, spanBytes('b')),
    );
    assert.deepEqual(
      spans.map(({ name }) => name),
      ['a', 'b'],
    );
    assert.equal(rejected[0]!.count, 1);
    assert.match(rejected[0]!.reason, /^a span is damaged/);
  });

  test('the resource may come after what it holds', () => {
    const bytes = message(1, message(2, logBytes()), message(1, attribute(1, 'service.name', 'late')));
    assert.equal(decode('otlp-logs-protobuf', bytes).logs[0]!.service, 'late');
  });

  test('a value that is nested without end is cut, not followed', () => {
    let value = bytesField(1, 'deep');
    for (let i = 0; i < 2_000; i += 1) value = message(5, message(1, value));
    const { logs } = decode('otlp-logs-protobuf', request('shop', message(2, message(5, value))));
    assert.match(logs[0]!.body, /nested too deep/);
  });

  test('NaN, far times and labels beyond the limit cost their sample only', () => {
    const at = (ms: number): Buffer => fixed64(3, BigInt(ms) * 1_000_000n);
    const long = attribute(7, 'x', 'y'.repeat(MAX_LABEL_VALUE_LENGTH + 1));
    const points = [
      message(1, at(AT_MS), double(4, Number.NaN)),
      message(1, at(AT_MS + 7_200_000), double(4, 1)),
      message(1, at(1_000), double(4, 1)),
      message(1, at(AT_MS), double(4, 1), long),
      message(1, at(AT_MS), double(4, 2)),
      message(1, at(AT_MS), field(8, 1)),
    ];
    const metric = message(2, bytesField(1, 'm'), message(5, ...points));
    const { samples, rejected } = decode('otlp-metrics-protobuf', request('shop', metric));
    assert.deepEqual(
      samples.map(({ value }) => value),
      [2],
    );
    assert.deepEqual(
      rejected.map(({ count }) => count),
      [1, 1, 1, 1],
    );
  });
});

describe('text formats', () => {
  test('line protocol: fields are samples, tags are labels, text is counted', () => {
    const { samples, rejected } = good('influx');
    assert.deepEqual(printed({ samples }), [
      'cpu_usage_idle{host="a b"} 98.5',
      'cpu_n{host="a b"} 3',
      'cpu_up{host="a b"} 1',
      'temp{} 20',
    ]);
    assert.ok(samples.every(({ atMs }) => atMs === AT_MS));
    assert.deepEqual(rejected, [{ count: 1, reason: 'a field is text, which is no sample (cpu why)' }]);
  });

  test('line protocol: a bad line costs itself only, and times have the precision that is asked for', () => {
    const lines = `a b\n,x=1 v=1\nm,t= v=1\nm v=x\nm v=1 soon\nm v=4 ${Math.floor(AT_MS / 1_000)}`;
    const { samples, rejected } = decode('influx-s', lines);
    assert.deepEqual(printed({ samples }), ['m_v{} 1', 'm_v{} 4']);
    assert.equal(samples[1]!.atMs, Math.floor(AT_MS / 1_000) * 1_000);
    assert.equal(
      rejected.reduce((sum, { count }) => sum + count, 0),
      4,
    );
  });

  test('a scrape: the labels of the target win, and what was there is kept as exported', () => {
    const batch = decoders.openmetrics(REQUESTS.openmetrics!, AT_MS, { job: 'j', instance: 'i' });
    assert.deepEqual(printed(batch), [
      'http_requests_total{exported_job="own",instance="i",job="j",path="a"b"} 5',
    ]);
    assert.equal(batch.samples[0]!.atMs, AT_MS);
    assert.deepEqual(batch.exemplars, [
      { series: batch.samples[0]!.series, atMs: AT_MS, value: 1, labels: { trace_id: 'x' } },
    ]);
    assert.match(batch.rejected[0]!.reason, /^the value is not a number .* \(none\)$/);
    assert.deepEqual(printed(good('prometheus-text')), ['up{} 1', 'load{a="b"} 0.5']);
  });

  test('a scrape: an exemplar that is none costs itself only, and an old one is passed over', () => {
    const lines = [
      'a{le="1"} 3 # {trace_id="t",span_id="s"} 0.5 1e3',
      'b 1 # {trace_id="t" 0.5',
      `c 1 # {trace_id="t"} 0.5 ${(AT_MS - 500 * 86_400_000) / 1_000}`,
      `d 1 # {trace_id="${'t'.repeat(300)}"} 0.5`,
      `e 1 # {trace_id="t"} 0.5 ${AT_MS / 1_000 - 1}`,
      'f 1 # no exemplar',
    ];
    const { samples, exemplars, rejected } = decode('openmetrics', lines.join('\n'));
    assert.equal(samples.length, 6);
    assert.deepEqual(
      exemplars?.map(({ series, atMs, value, labels }) => [series.__name__, atMs, value, labels]),
      [['e', AT_MS - 1_000, 0.5, { trace_id: 't' }]],
    );
    assert.deepEqual(
      rejected.map(({ count, reason }) => [count, reason]),
      [[1, 'the labels of an exemplar have more than 256 characters (d)']],
    );
  });

  test('a quantile of no observations is no value, and any other NaN is counted', () => {
    const { samples, rejected } = decode('prometheus-text', 'gc{quantile="0.5"} NaN\nload NaN\nmax +Inf\n');
    assert.deepEqual(printed({ samples }), ['max{} Infinity']);
    assert.deepEqual(
      rejected.map(({ count }) => count),
      [1],
    );
  });

  test('a scrape: lines that are none are counted', () => {
    const { samples, rejected } = decode('openmetrics', 'a{b="c} 1\n1a 2\nb\nc{d="e"} x\ne 1\n');
    assert.deepEqual(printed({ samples }), ['e{} 1']);
    assert.equal(rejected[0]!.count, 4);
  });

  test('StatsD: counters and timers are totals, gauges keep their last value', () => {
    const lines = printed(good('statsd'));
    assert.ok(lines.includes('hits_total{path="/pay"} 4'));
    assert.ok(lines.includes('load{} 4'));
    assert.ok(lines.includes('wait_seconds_bucket{le="0.025"} 1'));
    assert.ok(lines.includes('wait_seconds_sum{} 0.02'));
    assert.ok(printed(good('statsd')).includes('hits_total{path="/pay"} 8'));
    assert.equal(decode('statsd', 'users:765|x\nnonsense\n').rejected.length, 2);
  });
});

describe('remote write', () => {
  test('samples keep the labels of Prometheus, and the end of a series is told', () => {
    const { samples } = good('remote-write');
    assert.equal(samples[0]!.series.__name__, 'up');
    assert.equal(samples[0]!.value, 1.5);
    assert.equal(samples[0]!.atMs, AT_MS);
    const stale = decode('remote-write', snappyLiteral(seriesBytes(0x7ff0_0000_0000_0002n)));
    assert.ok(Number.isNaN(stale.samples[0]!.value));
  });

  test('exemplars keep the labels and the time that Prometheus gives them', () => {
    const [exemplar] = good('remote-write').exemplars!;
    assert.deepEqual(
      [exemplar!.series.__name__, exemplar!.atMs, exemplar!.value, exemplar!.labels],
      ['up', AT_MS - 5, 0.25, { trace_id: TRACE_ID }],
    );
  });

  test('Snappy: copies that overlap what they write are followed', () => {
    // "ab", then 6 bytes from 2 back: an attribute of unknown fields would be refused, so only the length is looked at.
    const bytes = Buffer.from([8, (2 - 1) << 2, 0x7a, 0x00, (2 << 2) | 1, 2]);
    assert.deepEqual(decode('remote-write', bytes).rejected, []);
  });

  test('Snappy: a length that cannot be is refused before anything is allocated', () => {
    assert.throws(() => decode('remote-write', Buffer.from([0xff, 0xff, 0x7f, 0])), /no Snappy block/);
    assert.throws(() => decode('remote-write', Buffer.from([0xff, 0xff, 0xff, 0x7f])), /may have/);
  });
});

test('cut at any byte, and with any byte changed, each format answers or refuses with a code', () => {
  for (const [format, bytes] of Object.entries(REQUESTS) as [Format, Buffer][]) {
    const tries = [...bytes.keys()].flatMap((i) => {
      const changed = Buffer.from(bytes);
      changed[i]! ^= 0xff;
      return [bytes.subarray(0, i), changed];
    });
    for (const one of tries)
      try {
        const { samples, logs, spans } = decode(format, one);
        assert.ok(samples.length + logs.length + spans.length <= 100);
      } catch (error) {
        assert.ok(
          isGoblinError(error, 'INVALID_INPUT') || isGoblinError(error, 'PAYLOAD_TOO_LARGE'),
          String(error),
        );
      }
  }
});

test('a request above the limit is refused whole by every format', () => {
  const bytes = Buffer.alloc(MAX_REQUEST_BYTES + 1);
  for (const format of Object.keys(decoders) as Format[])
    assert.throws(() => decode(format, bytes), { code: 'PAYLOAD_TOO_LARGE' });
});
