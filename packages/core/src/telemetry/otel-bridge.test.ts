import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { afterEach, beforeEach, test } from 'node:test';
import * as api from '@opentelemetry/api';
import { context } from '../context.ts';
import { isGoblinError } from '../errors.ts';
import { bridgeOpenTelemetry } from './otel-bridge.ts';
import { UNTRACED } from './otlp-request.ts';
import { type TestTelemetry, testTelemetry } from './test-telemetry.ts';

let telemetry: TestTelemetry;
let bridge: Disposable;
beforeEach(async () => {
  telemetry = testTelemetry();
  bridge = await bridgeOpenTelemetry(telemetry.tracer);
});
afterEach(() => bridge[Symbol.dispose]());

const remote = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), sampled: true, state: 'a=1' };

test("a library's span inside ours is its child and is exported with it", () => {
  const ours = telemetry.tracer.start('ours');
  context.run({ trace: ours.context }, () => {
    const theirs = api.trace.getTracer('library', '1.0').startSpan('theirs', { kind: api.SpanKind.CLIENT });
    theirs
      .setAttribute('peer', 'a')
      .setAttributes({ list: ['x', 'y'], no: undefined })
      .end();
  });
  ours.end();
  const [child, parent] = telemetry.spans;
  assert.equal(child?.name, 'theirs');
  assert.equal(child?.kind, 'client');
  assert.equal(child?.traceId, parent?.traceId);
  assert.equal(child?.parentSpanId, parent?.spanId);
  assert.deepEqual(child?.attributes, { 'otel.scope.name': 'library', peer: 'a', list: '["x","y"]' });
});

test("our span inside a library's active span is its child, also after awaiting", async () => {
  const tracer = api.trace.getTracer('library');
  await tracer.startActiveSpan('theirs', async (theirs) => {
    await new Promise(setImmediate);
    assert.equal(context.trace?.spanId, theirs.spanContext().spanId);
    assert.equal(api.trace.getActiveSpan(), theirs);
    telemetry.tracer.start('ours').end();
    theirs.end();
  });
  const [child, parent] = telemetry.spans;
  assert.equal(child?.name, 'ours');
  assert.equal(child?.parentSpanId, parent?.spanId);
  assert.equal(context.trace, undefined);
  assert.equal(api.trace.getActiveSpan(), undefined);
});

test('spans nest through both sides in turn', () => {
  const theirTracer = api.trace.getTracer('library');
  const first = telemetry.tracer.start('1');
  context.run({ trace: first.context }, () =>
    theirTracer.startActiveSpan('2', {}, (second) => {
      const third = telemetry.tracer.start('3');
      context.run({ trace: third.context }, () =>
        theirTracer.startActiveSpan('4', {}, api.context.active(), (fourth) => fourth.end()),
      );
      third.end();
      second.end();
    }),
  );
  first.end();
  const [four, three, two, one] = telemetry.spans;
  assert.deepEqual(
    [four?.parentSpanId, three?.parentSpanId, two?.parentSpanId, one?.parentSpanId],
    [three?.spanId, two?.spanId, one?.spanId, undefined],
  );
});

test('a library can describe our span that is active', () => {
  const ours = telemetry.tracer.start('ours');
  context.run({ trace: ours.context }, () => {
    const active = api.trace.getActiveSpan();
    active?.setAttribute('seen', true).updateName('renamed').addEvent('half-way', { at: 5 });
    assert.equal(active?.isRecording(), true);
  });
  ours.end();
  assert.equal(telemetry.spans[0]?.name, 'renamed');
  assert.deepEqual(telemetry.spans[0]?.attributes, { seen: true });
  assert.equal(telemetry.spans[0]?.events[0]?.name, 'half-way');
});

test("a library's failed span has its exception", () => {
  const span = api.trace.getTracer('library').startSpan('theirs');
  span.recordException(new TypeError('bad'));
  span.setStatus({ code: api.SpanStatusCode.ERROR });
  span.end();
  assert.equal(span.isRecording(), false);
  assert.equal(telemetry.spans[0]?.error?.type, 'TypeError');
  assert.equal(telemetry.spans[0]?.error?.message, 'bad');
});

test('times in every form of the API are understood', () => {
  const startMs = 1_767_225_600_000.5;
  const forms: [api.TimeInput, api.TimeInput][] = [
    [startMs, startMs + 20],
    [new Date(1_767_225_600_000), new Date(1_767_225_600_020)],
    [
      [1_767_225_600, 500_000],
      [1_767_225_600, 20_500_000],
    ],
    [performance.now(), performance.now() + 20],
  ];
  for (const [startTime, endTime] of forms) {
    api.trace.getTracer('library').startSpan('timed', { startTime }).end(endTime);
    assert.ok(Math.abs(telemetry.spans.at(-1)!.durationMs - 20) < 1);
  }
});

test('root starts a new trace, and links are kept', () => {
  const ours = telemetry.tracer.start('ours');
  context.run({ trace: ours.context }, () => {
    const links = [{ context: { traceId: remote.traceId, spanId: remote.spanId, traceFlags: 1 } }];
    api.trace.getTracer('library').startSpan('theirs', { root: true, links }).end();
  });
  const [theirs] = telemetry.spans;
  assert.notEqual(theirs?.traceId, ours.context.traceId);
  assert.equal(theirs?.parentSpanId, undefined);
  assert.equal(theirs?.links[0]?.traceId, remote.traceId);
});

test('what came in over a wire crosses the bridge and goes out again as W3C headers', () => {
  const carrier: Record<string, string> = {};
  context.run({ trace: remote, baggage: new Map([['plan', 'göld']]) }, () => {
    api.propagation.inject(api.context.active(), carrier);
  });
  assert.deepEqual(carrier, {
    traceparent: `00-${remote.traceId}-${remote.spanId}-01`,
    tracestate: 'a=1',
    baggage: 'plan=g%C3%B6ld',
  });
  api.context.with(api.propagation.extract(api.ROOT_CONTEXT, carrier), () => {
    assert.deepEqual(context.trace, remote);
    assert.equal(context.baggage?.get('plan'), 'göld');
    assert.equal(api.propagation.getActiveBaggage()?.getEntry('plan')?.value, 'göld');
  });
});

test("other libraries' values stay in the context while our span changes, and detaching leaves the trace", () => {
  const key = api.createContextKey('mine');
  api.context.with(api.ROOT_CONTEXT.setValue(key, 5), () => {
    const ours = telemetry.tracer.start('ours');
    context.run({ trace: ours.context }, () => {
      assert.equal(api.context.active().getValue(key), 5);
      assert.equal(api.trace.getActiveSpan()?.spanContext().spanId, ours.context.spanId);
      context.detach(() => assert.equal(api.trace.getActiveSpan(), undefined));
    });
  });
});

test('a bound function runs in its context, with its receiver and arguments', () => {
  const ours = telemetry.tracer.start('ours');
  const receiver = { factor: 2 };
  const bound = context.run({ trace: ours.context }, () =>
    api.context.bind(api.context.active(), function (this: typeof receiver, value: number) {
      return [context.trace?.spanId, this.factor * value];
    }),
  );
  assert.deepEqual(bound.call(receiver, 21), [ours.context.spanId, 42]);
});

test('no spans are made where tracing is suppressed', () => {
  const suppressed = api.context
    .active()
    .setValue(api.createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING'), true);
  api.trace.getTracer('library').startSpan('theirs', {}, suppressed).end();
  assert.equal(telemetry.spans.length, 0);
});

test("the exporter's own requests make no spans, which would be exported in turn", () => {
  context.run({ trace: UNTRACED }, () => api.trace.getTracer('http').startSpan('POST').end());
  assert.equal(telemetry.spans.length, 0);
});

test('a library that loaded the API as CommonJS is bridged too', () => {
  const commonJs = createRequire(import.meta.url)('@opentelemetry/api') as typeof api;
  commonJs.trace.getTracer('library').startActiveSpan('theirs', (span) => {
    telemetry.tracer.start('ours').end();
    span.end();
  });
  const [ours, theirs] = telemetry.spans;
  assert.equal(ours?.parentSpanId, theirs?.spanId);
});

test('bridging twice is refused, and after disposal nothing is left', async () => {
  await assert.rejects(bridgeOpenTelemetry(telemetry.tracer), (error) =>
    isGoblinError(error, 'ALREADY_EXISTS'),
  );
  bridge[Symbol.dispose]();
  api.trace.getTracer('library').startSpan('unheard').end();
  assert.equal(telemetry.spans.length, 0);
  bridge = await bridgeOpenTelemetry(telemetry.tracer);
  api.trace.getTracer('library').startSpan('heard').end();
  assert.equal(telemetry.spans.length, 1);
});

test('a process that does not bridge does not load the API', () => {
  const core = JSON.stringify(new URL('../index.ts', import.meta.url).href);
  const script = `import { registerHooks } from 'node:module';
    const loaded = new Set();
    registerHooks({ resolve: (name, at, next) => (loaded.add(name), next(name, at)) });
    const { bridgeOpenTelemetry, testTelemetry } = await import(${core});
    console.log(loaded.has('@opentelemetry/api'));
    await bridgeOpenTelemetry(testTelemetry().tracer);
    console.log(loaded.has('@opentelemetry/api'));`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  assert.equal(stdout, 'false\ntrue\n');
});
