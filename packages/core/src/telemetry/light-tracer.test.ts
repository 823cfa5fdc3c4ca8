import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { test } from 'node:test';
import { context } from '../context.ts';
import { GoblinError } from '../errors.ts';
import { virtualClock } from '../virtual-clock.ts';
import { MAX_ATTRIBUTES, MAX_EVENTS, MAX_TEXT_LENGTH } from './light-span.ts';
import { currentSpan, inSpan, SPAN_CHANNEL, type TracerOptions, tracerOf } from './light-tracer.ts';
import { ratioSampler } from './sampling.ts';
import type { EndedSpan, Span, Tracer } from './tracer.ts';
import { MAX_HELD_SPANS } from './unsampled-trace.ts';

const never = ratioSampler(0);

function collecting(options: TracerOptions = {}): {
  tracer: Tracer;
  spans: EndedSpan[];
  names: () => string[];
} {
  const spans: EndedSpan[] = [];
  const tracer = tracerOf({ exporter: { add: (span) => void spans.push(span) }, ...options });
  return { tracer, spans, names: () => spans.map(({ name }) => name) };
}

function childOf(tracer: Tracer, parent: Span, name: string): Span {
  return tracer.start(name, { parent: parent.context });
}

test('a span below another in the context is its child', () => {
  const { tracer, spans } = collecting();
  const outer = tracer.start('outer', { kind: 'server' });
  context.run({ trace: outer.context }, () => tracer.start('inner').end());
  outer.end();
  const [inner, root] = spans;
  assert.equal(inner?.traceId, root?.traceId);
  assert.equal(inner?.parentSpanId, root?.spanId);
  assert.equal(root?.parentSpanId, undefined);
  assert.equal(root?.kind, 'server');
  assert.match(root.traceId, /^[0-9a-f]{32}$/);
  assert.match(root.spanId, /^[0-9a-f]{16}$/);
});

test('a span without a parent begins a trace of its own, also inside another', () => {
  const { tracer, spans } = collecting();
  const outer = tracer.start('outer');
  context.run({ trace: outer.context }, () => tracer.start('other', { parent: null }).end());
  assert.notEqual(spans[0]?.traceId, outer.context.traceId);
});

test('ids do not repeat', () => {
  const tracer = tracerOf();
  const ids = new Set<string>();
  for (let i = 0; i < 10_000; i++) {
    const { traceId, spanId } = tracer.start('x').context;
    ids.add(traceId).add(spanId);
  }
  assert.equal(ids.size, 20_000);
});

test('a span knows when it began, how long it took and what was said of it', async () => {
  const clock = virtualClock(Date.UTC(2026, 0, 1));
  const { tracer, spans } = collecting({ clock });
  await clock.advance(5_000);
  const shared = { 'rpc.method': 'tax.v1/quote' };
  const span = tracer.start('GET', { attributes: shared });
  span.set('items', 3);
  await clock.advance(250);
  span.event('retried', { attempt: 2 });
  span.rename('GET /badges/:name');
  span.end();
  const [ended] = spans;
  assert.equal(ended?.startWallMs, Date.UTC(2026, 0, 1) + 5_000);
  assert.equal(ended?.durationMs, 250);
  assert.equal(ended?.name, 'GET /badges/:name');
  assert.deepEqual(ended?.attributes, { 'rpc.method': 'tax.v1/quote', items: 3 });
  assert.deepEqual(shared, { 'rpc.method': 'tax.v1/quote' });
  const wallMs = Date.UTC(2026, 0, 1) + 5_250;
  assert.deepEqual(ended?.events, [{ name: 'retried', attributes: { attempt: 2 }, wallMs }]);
});

test('a span ends once, and what is said of it afterwards changes nothing', () => {
  const { tracer, spans } = collecting();
  const span = tracer.start('x', { startMs: 100 });
  span.end(150);
  span.end(900);
  span.set('late', true);
  span.rename('late');
  span.event('late');
  span.fail(new Error('late'));
  assert.equal(spans.length, 1);
  const [{ name, durationMs, attributes, events, error }] = spans as [EndedSpan];
  assert.deepEqual([name, durationMs, attributes, events, error], ['x', 50, {}, [], undefined]);
});

test('a failed span says what failed: type, message and code', () => {
  const { tracer, spans } = collecting();
  const failures = [
    new GoblinError('NO_PEER', { message: 'nobody' }),
    Object.assign(new TypeError('bad'), { code: 'ERR_X' }),
    'text',
  ];
  for (const failure of failures) {
    const span = tracer.start('x');
    span.fail(failure);
    span.end();
  }
  const errors = spans.map(({ error }) => [error?.type, error?.message, error?.code]);
  assert.deepEqual(errors, [
    ['GoblinError', 'nobody', 'NO_PEER'],
    ['TypeError', 'bad', 'ERR_X'],
    ['string', 'text', undefined],
  ]);
  assert.match(spans[1]?.error?.stack ?? '', /light-tracer\.test/);
});

test('a span cannot grow without bound', () => {
  const { tracer, spans } = collecting();
  const span = tracer.start('x');
  for (let i = 0; i < 10_000; i++) {
    span.set(`key${i}`, 'x'.repeat(MAX_TEXT_LENGTH + 1));
    span.event('again');
  }
  span.end();
  assert.equal(Object.keys(spans[0]!.attributes).length, MAX_ATTRIBUTES);
  assert.equal(String(spans[0]!.attributes.key0).length, MAX_TEXT_LENGTH);
  assert.equal(spans[0]!.events.length, MAX_EVENTS);
});

test('the ratio samples its share of traces, and decides alike wherever the trace id is seen', () => {
  const { tracer } = collecting({ sampler: ratioSampler(0.25) });
  const again = ratioSampler(0.25);
  let sampled = 0;
  for (let i = 0; i < 10_000; i++) {
    const { context } = tracer.start('x');
    if (context.sampled) sampled++;
    assert.equal(again(context.traceId), context.sampled);
  }
  assert.ok(sampled > 2_200 && sampled < 2_800, String(sampled));
  assert.throws(() => ratioSampler(1.5), /between 0 and 1/);
  assert.throws(() => ratioSampler(Number.NaN), /between 0 and 1/);
});

test("below a parent its decision holds, whatever this tracer's ratio is", () => {
  const remote = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), state: 'a=1' };
  const kept = collecting({ sampler: never });
  const span = kept.tracer.start('x', { parent: { ...remote, sampled: true } });
  assert.equal(span.context.sampled, true);
  assert.equal(span.context.state, 'a=1');
  span.end();
  assert.deepEqual(kept.names(), ['x']);
  const dropped = collecting();
  dropped.tracer.start('x', { parent: { ...remote, sampled: false } }).end();
  assert.deepEqual(dropped.names(), []);
});

test('an unsampled trace is kept from its local root down when something in it failed', () => {
  const { tracer, names } = collecting({ sampler: never });
  const root = tracer.start('root');
  const failing = childOf(tracer, root, 'failing');
  childOf(tracer, failing, 'grandchild').end();
  failing.fail(new Error('no'));
  failing.end();
  childOf(tracer, root, 'fine').end();
  assert.deepEqual(names(), []);
  root.end();
  assert.deepEqual(names(), ['grandchild', 'failing', 'fine', 'root']);
});

test('an unsampled trace is kept when its local root was slow', () => {
  const { tracer, names } = collecting({ sampler: never, slowMs: 500 });
  for (const [name, tookMs] of [
    ['fast', 499],
    ['slow', 501],
  ] as const) {
    const root = tracer.start(name, { startMs: 0, parent: null });
    childOf(tracer, root, `${name} child`).end();
    root.end(tookMs);
  }
  assert.deepEqual(names(), ['slow child', 'slow']);
});

test('an unsampled span that ends after its local root follows the decision, or is kept if it failed', () => {
  const { tracer, names } = collecting({ sampler: never });
  const root = tracer.start('root');
  const late = childOf(tracer, root, 'late');
  const lateFailure = childOf(tracer, root, 'late failure');
  root.end();
  late.end();
  lateFailure.fail(new Error('no'));
  lateFailure.end();
  assert.deepEqual(names(), ['late failure']);
});

test('an unsampled trace holds back a bounded number of spans', () => {
  const { tracer, spans } = collecting({ sampler: never });
  const root = tracer.start('root');
  for (let i = 0; i < 10 * MAX_HELD_SPANS; i++) childOf(tracer, root, 'child').end();
  root.fail(new Error('no'));
  root.end();
  assert.equal(spans.length, MAX_HELD_SPANS + 1);
});

test('kept spans are published at the diagnostics channel goblin:span', () => {
  const published: EndedSpan[] = [];
  const listener = (span: unknown): void => void published.push(span as EndedSpan);
  subscribe(SPAN_CHANNEL, listener);
  try {
    tracerOf().start('kept').end();
    tracerOf({ sampler: never }).start('dropped').end();
  } finally {
    unsubscribe(SPAN_CHANNEL, listener);
  }
  tracerOf().start('unheard').end();
  assert.deepEqual(
    published.map(({ name }) => name),
    ['kept'],
  );
});

test('inSpan makes its span the current one, and fails and ends it with the work', async () => {
  const { tracer, spans } = collecting();
  assert.equal(currentSpan(), undefined);
  const answer = await inSpan(tracer, 'work', {}, async (span) => {
    assert.equal(currentSpan(), span);
    return 5;
  });
  assert.equal(answer, 5);
  const failure = new Error('no');
  const failing = inSpan(tracer, 'failing', {}, () => Promise.reject(failure));
  await assert.rejects(failing, failure);
  assert.deepEqual(
    spans.map(({ name, error }) => [name, error?.message]),
    [
      ['work', undefined],
      ['failing', 'no'],
    ],
  );
});
