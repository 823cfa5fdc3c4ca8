import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { GoblinError } from '../errors.ts';
import { type VirtualClock, virtualClock } from '../virtual-clock.ts';
import { tracerOf } from './light-tracer.ts';
import { type MetricsRegistry, metricsRegistry } from './metrics-registry.ts';
import { MAX_QUEUED_SPANS, type OtlpExporter, type OtlpOptions, otlpExporter } from './otlp-exporter.ts';
import { testTelemetry } from './test-telemetry.ts';
import type { Tracer } from './tracer.ts';

const WAIT_MS = 60_000;

// biome-ignore lint/suspicious/noExplicitAny: what arrives is looked at by the assertions
type Body = any;

interface Received {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Body;
}

interface Collector extends AsyncDisposable {
  readonly endpoint: string;
  readonly received: Received[];
  /** The spans of all requests. */
  spans(): Body[];
}

/** A collector that answers as it is told. */
async function collector(
  answer: (response: ServerResponse, request: number) => void = (response) => response.end('{}'),
): Promise<Collector> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const body = JSON.parse(await text(request));
    received.push({ path: request.url!, headers: request.headers, body });
    answer(response, received.length);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    spans: () =>
      received
        .filter(({ path }) => path === '/v1/traces')
        .flatMap(({ body }) => body.resourceSpans[0].scopeSpans[0].spans),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

interface Bench {
  readonly clock: VirtualClock;
  readonly metrics: MetricsRegistry;
  readonly exporter: OtlpExporter;
  readonly tracer: Tracer;
  readonly logged: string[];
  count(metric: string): Record<string, number>;
  /** Lets time pass until the condition holds. */
  until(condition: () => boolean): Promise<void>;
}

function bench(endpoint: string, options: Partial<OtlpOptions> = {}): Bench {
  const clock = virtualClock();
  const metrics = metricsRegistry({ clock });
  const logged: string[] = [];
  const note = (fields: unknown, message?: string): void => void logged.push(message ?? String(fields));
  const log = { ...testTelemetry().log, info: note, warn: note };
  const resource = { 'service.name': 'tax' };
  const exporter = otlpExporter({
    endpoint,
    resource,
    metrics,
    log,
    clock,
    metricsIntervalMs: 1e9,
    ...options,
  });
  return {
    clock,
    metrics,
    exporter,
    logged,
    tracer: tracerOf({ exporter, clock }),
    count: (metric) =>
      Object.fromEntries(
        metrics.snapshot([metric]).metrics[0]!.series.map(({ labels, value }) => [labels.join(), value!]),
      ),
    async until(condition) {
      const limit = performance.now() + WAIT_MS;
      while (!condition()) {
        assert.ok(performance.now() < limit, 'waited in vain');
        await clock.advance(100);
      }
    },
  };
}

function endSpans(tracer: Tracer, count: number): void {
  for (let i = 0; i < count; i++) tracer.start(`span ${i}`).end();
}

test('spans reach the collector a second after the first, in the JSON form of OTLP', async () => {
  await using server = await collector();
  const { tracer, clock, until, exporter, count } = bench(`${server.endpoint}/`, {
    headers: { 'x-key': 'k' },
  });
  const outer = tracer.start('outer', {
    kind: 'server',
    attributes: { text: 'a "b"', whole: 3, part: 0.5, yes: true },
  });
  await clock.advance(10.5);
  const inner = tracer.start('inner', {
    parent: outer.context,
    links: [{ traceId: '1'.repeat(32), spanId: '2'.repeat(16), sampled: true }],
  });
  inner.fail(new GoblinError('NO_PEER', { message: 'nobody "there"' }));
  inner.end();
  outer.end();
  await clock.advance(999);
  assert.equal(server.received.length, 0);
  await until(() => count('otlp_spans_exported_total')[''] === 2);

  const [{ path, headers, body }] = server.received as [Received];
  assert.equal(path, '/v1/traces');
  assert.equal(headers['content-type'], 'application/json');
  assert.equal(headers['x-key'], 'k');
  assert.deepEqual(body.resourceSpans[0].resource.attributes, [
    { key: 'service.name', value: { stringValue: 'tax' } },
  ]);
  const [first, second] = server.spans();
  const { traceId, spanId } = outer.context;
  assert.deepEqual(second, {
    traceId,
    spanId,
    name: 'outer',
    kind: 2,
    startTimeUnixNano: '1767225600000000000',
    endTimeUnixNano: '1767225600010500000',
    attributes: [
      { key: 'text', value: { stringValue: 'a "b"' } },
      { key: 'whole', value: { intValue: '3' } },
      { key: 'part', value: { doubleValue: 0.5 } },
      { key: 'yes', value: { boolValue: true } },
    ],
  });
  assert.equal(first.parentSpanId, spanId);
  assert.equal(first.kind, 1);
  assert.deepEqual(first.status, { code: 2, message: 'nobody "there"' });
  assert.equal(first.events[0].name, 'exception');
  assert.deepEqual(first.events[0].attributes[2], {
    key: 'exception.code',
    value: { stringValue: 'NO_PEER' },
  });
  assert.deepEqual(first.links, [{ traceId: '1'.repeat(32), spanId: '2'.repeat(16) }]);
  await exporter.stop();
});

test('many spans go out in several batches, one request after the other', async () => {
  await using server = await collector();
  const { tracer, until, exporter, count } = bench(server.endpoint);
  endSpans(tracer, 1_000);
  await until(() => count('otlp_spans_exported_total')[''] === 1_000);
  assert.equal(server.received.length, 4);
  assert.equal(new Set(server.spans().map(({ spanId }) => spanId)).size, 1_000);
  await exporter.stop();
});

test('a batch is tried again when the collector is busy, and after what Retry-After says', async () => {
  const clockOf: { now?: () => number } = {};
  const at: number[] = [];
  await using server = await collector((response, request) => {
    at.push(clockOf.now!());
    if (request === 1) response.writeHead(429, { 'retry-after': '7' }).end();
    else if (request === 2) response.writeHead(503).end('no room');
    else response.end();
  });
  const { tracer, clock, until, exporter, count, logged } = bench(server.endpoint);
  clockOf.now = clock.now;
  endSpans(tracer, 3);
  await until(() => count('otlp_spans_exported_total')[''] === 3);
  assert.equal(server.spans().length, 9);
  assert.ok(at[1]! - at[0]! >= 7_000, 'Retry-After was not waited for');
  assert.ok(at[2]! - at[1]! >= 1_000, 'the backoff did not grow');
  assert.deepEqual(count('otlp_request_failures_total'), { traces: 2 });
  assert.deepEqual(logged, ['traces cannot be exported', 'traces are exported again']);
  await exporter.stop();
});

test('a batch that the collector refuses is dropped and counted, and the next one goes out', async () => {
  await using server = await collector((response, request) =>
    request === 1 ? response.writeHead(400).end() : response.end('{}'),
  );
  const { tracer, until, exporter, count } = bench(server.endpoint);
  endSpans(tracer, 2);
  await until(() => count('otlp_spans_dropped_total').refused === 2);
  endSpans(tracer, 5);
  await until(() => count('otlp_spans_exported_total')[''] === 5);
  await exporter.stop();
});

test('spans that the collector refuses in an otherwise taken batch are counted', async () => {
  await using server = await collector((response) =>
    response.end('{"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}}'),
  );
  const { tracer, until, exporter, count } = bench(server.endpoint);
  endSpans(tracer, 5);
  await until(() => count('otlp_spans_exported_total')[''] === 3);
  assert.equal(count('otlp_spans_dropped_total').refused, 2);
  await exporter.stop();
});

test('without a collector a batch is given up after five attempts, and no more than the queue is kept', async () => {
  const { endpoint, ...server } = await collector();
  await server[Symbol.asyncDispose]();
  const { tracer, until, exporter, count, logged } = bench(endpoint);
  endSpans(tracer, MAX_QUEUED_SPANS + 100);
  assert.equal(count('otlp_spans_dropped_total').queue_full, 100);
  await until(() => count('otlp_request_failures_total').traces === 4);
  assert.equal(count('otlp_spans_dropped_total').unreachable, undefined);
  await until(() => count('otlp_spans_dropped_total').unreachable === 256);
  assert.deepEqual(logged, ['traces cannot be exported']);
  await exporter.stop();
  assert.equal(count('otlp_spans_dropped_total').stopped, MAX_QUEUED_SPANS - 256);
});

test('a collector that does not answer in time counts as busy', async () => {
  await using server = await collector((response, request) => {
    if (request > 1) response.end('{}');
  });
  const { tracer, until, exporter, count } = bench(server.endpoint, { timeoutMs: 50 });
  endSpans(tracer, 1);
  await until(() => count('otlp_spans_exported_total')[''] === 1);
  assert.equal(server.received.length, 2);
  await exporter.stop();
});

test('stopping sends what is queued and the last metrics', async () => {
  await using server = await collector();
  const { tracer, exporter } = bench(server.endpoint);
  endSpans(tracer, 600);
  await exporter.stop();
  assert.equal(server.spans().length, 600);
  assert.equal(server.received.filter(({ path }) => path === '/v1/metrics').length, 1);
  tracer.start('late').end();
  await exporter.stop();
  assert.equal(server.spans().length, 600);
});

test('stopping does not wait longer than it is allowed to for a collector that hangs', async () => {
  await using server = await collector(() => {});
  const { tracer, exporter, count } = bench(server.endpoint);
  endSpans(tracer, 600);
  await exporter.stop(50);
  assert.equal(count('otlp_spans_dropped_total').stopped, 600);
});

test('metrics are sent each interval: sums, gauges, histograms and their exemplars', async () => {
  await using server = await collector();
  const { metrics, exporter, clock, until, tracer } = bench(server.endpoint, { metricsIntervalMs: 60_000 });
  metrics
    .counter('things_total', { help: 'Things.', labels: ['kind'] })
    .with('a')
    .add(3);
  metrics.gauge('heat_ratio', { help: 'Heat.' }).with().set(Number.NaN);
  const span = tracer.start('x', { parent: null });
  metrics.histogram('wait_seconds', { help: 'Waits.' }).with().record(0.003, span.context);
  await clock.advance(59_000);
  assert.equal(server.received.length, 0);
  await until(() => server.received.length === 1);

  const [{ path, body }] = server.received as [Received];
  assert.equal(path, '/v1/metrics');
  const sent = body.resourceMetrics[0].scopeMetrics[0].metrics;
  const named = (name: string): Body => sent.find((metric: Body) => metric.name === name);
  const times = { startTimeUnixNano: '1767225600000000000', timeUnixNano: '1767225660000000000' };
  assert.deepEqual(named('things_total'), {
    name: 'things_total',
    description: 'Things.',
    unit: '',
    sum: {
      dataPoints: [{ attributes: [{ key: 'kind', value: { stringValue: 'a' } }], ...times, asDouble: 3 }],
      aggregationTemporality: 2,
      isMonotonic: true,
    },
  });
  assert.deepEqual(named('heat_ratio').gauge, {
    dataPoints: [{ attributes: [], ...times, asDouble: 'NaN' }],
  });
  const [point] = named('wait_seconds').histogram.dataPoints;
  assert.equal(named('wait_seconds').unit, 's');
  assert.deepEqual(
    [point.count, point.sum, point.bucketCounts.length],
    ['1', 0.003, point.explicitBounds.length + 1],
  );
  assert.equal(point.bucketCounts[3], '1');
  assert.equal(point.exemplars[0].traceId, span.context.traceId);
  await exporter.stop();
});

const spools = mkdtempSync(join(tmpdir(), 'goblin-spool-'));
after(() => rmSync(spools, { recursive: true }));

test('what a collector cannot take waits on disk, and is sent when it can, whoever sends it then', async () => {
  const spoolFolder = join(spools, 'outage');
  let isDown = true;
  await using server = await collector((response) => {
    response.statusCode = isDown ? 503 : 200;
    response.end('{}');
  });
  const first = bench(server.endpoint, { spoolFolder });
  endSpans(first.tracer, 300);
  await first.until(() => first.count('otlp_spans_spooled')[''] === 300);
  assert.deepEqual(first.logged, ['traces cannot be exported']);
  isDown = false;
  await first.until(() => first.count('otlp_spans_exported_total')[''] === 300);
  assert.equal(first.count('otlp_spans_spooled')[''], 0);

  isDown = true;
  endSpans(first.tracer, 10);
  await first.exporter.stop();
  const dropped = Object.values(first.count('otlp_spans_dropped_total'));
  assert.deepEqual(new Set(dropped), new Set([0]), 'nothing is given up');
  const [own] = readdirSync(spoolFolder);
  assert.equal(own, String(process.pid), 'what could not be sent at the end stays');
  // A process that was killed leaves its folder, and perhaps half a file.
  const dead = join(spoolFolder, '4194304');
  mkdirSync(dead);
  for (const file of readdirSync(join(spoolFolder, own!)))
    renameSync(join(spoolFolder, own!, file), join(dead, file));
  writeFileSync(join(dead, '000000009-5.json.part'), '{"resou');
  isDown = false;
  const second = bench(server.endpoint, { spoolFolder });
  await second.until(() => second.count('otlp_spans_exported_total')[''] === 10);
  await second.exporter.stop();
  assert.equal(existsSync(dead), false);
  assert.deepEqual(readdirSync(spoolFolder), []);
  assert.equal(new Set(server.spans().map(({ spanId }) => spanId)).size, 310);
});

test('the disk is not filled: beyond its limit spans are tried from memory, and dropped spans are counted', async () => {
  const spoolFolder = join(spools, 'full');
  await using server = await collector((response) => {
    response.statusCode = 503;
    response.end();
  });
  const { tracer, until, count, exporter } = bench(server.endpoint, { spoolFolder });
  const attributes = { text: 'x'.repeat(100_000) };
  for (let i = 0; i < 256; i++) tracer.start('large', { attributes }).end();
  await until(() => count('otlp_spans_dropped_total').unreachable === 256);
  assert.equal(count('otlp_spans_spooled')[''], 0);
  await exporter.stop();
});

test('a folder that cannot be used keeps nothing, and breaks nothing', async () => {
  const spoolFolder = join(spools, 'a-file');
  writeFileSync(spoolFolder, '');
  await using server = await collector();
  const { tracer, exporter } = bench(server.endpoint, { spoolFolder });
  endSpans(tracer, 3);
  await exporter.stop();
  assert.equal(server.spans().length, 3);
});
