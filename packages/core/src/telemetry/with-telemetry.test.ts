import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import type { Call, CallFilter, CallService } from '../call.ts';
import { Cancellation } from '../cancellation.ts';
import { context } from '../context.ts';
import { contract } from '../contract.ts';
import { GoblinError } from '../errors.ts';
import { type TestTelemetry, testTelemetry } from './test-telemetry.ts';
import { withTelemetry } from './with-telemetry.ts';

const shop = contract('shop.v1', {
  pay: { input: z.any(), output: z.any(), errors: ['CARD_DECLINED'] },
  watch: { input: z.any(), output: z.any(), stream: true },
});
const pay: Call = { procedure: shop.procedures.pay, input: {} };
const watch: Call = { procedure: shop.procedures.watch, input: {} };

/** The calls counted so far, by outcome. */
function outcomes(telemetry: TestTelemetry, side: 'server' | 'client' = 'server'): Record<string, number> {
  const { metrics } = telemetry.metrics.snapshot([`rpc_${side}_call_duration_seconds`]);
  return Object.fromEntries(
    metrics[0]!.series.map(({ labels, histogram }) => [labels.slice(0, 3).join(' '), histogram!.count]),
  );
}

async function failing(filter: CallFilter, error: unknown): Promise<void> {
  await assert.rejects(filter(pay, () => Promise.reject(error)));
}

test('a call has one span, one duration and the outcome ok, and its span is current below', async () => {
  const telemetry = testTelemetry();
  const filter = withTelemetry('server', telemetry);
  const answer = await filter(pay, async () => {
    telemetry.tracer.start('below').end();
    return 'paid';
  });
  assert.equal(answer, 'paid');
  assert.deepEqual(outcomes(telemetry), { 'shop.v1 pay ok': 1 });
  const [below, span] = telemetry.spans;
  assert.equal(span?.name, 'shop.v1/pay');
  assert.equal(span?.kind, 'server');
  assert.equal(span?.attributes['rpc.method'], 'shop.v1/pay');
  assert.equal(below?.parentSpanId, span?.spanId);
});

test('the duration has the trace of its call as exemplar', async () => {
  const telemetry = testTelemetry();
  await withTelemetry('server', telemetry)(pay, async () => 'paid');
  assert.ok(telemetry.metrics.expose('openmetrics').includes(`trace_id="${telemetry.spans[0]?.traceId}"`));
});

test('the outcome of a failed call is its code; what is no GoblinError is INTERNAL', async () => {
  const telemetry = testTelemetry();
  const filter = withTelemetry('client', telemetry);
  await failing(filter, new GoblinError('NO_PEER'));
  await failing(filter, new GoblinError('CARD_DECLINED'));
  await failing(filter, new Error('bug'));
  assert.deepEqual(outcomes(telemetry, 'client'), {
    'shop.v1 pay NO_PEER': 1,
    'shop.v1 pay CARD_DECLINED': 1,
    'shop.v1 pay INTERNAL': 1,
  });
});

test('a peer cannot make up series by making up codes', async () => {
  const telemetry = testTelemetry();
  const filter = withTelemetry('client', telemetry);
  for (let i = 0; i < 20; i++) await failing(filter, new GoblinError(`MADE_UP_${i}`));
  assert.deepEqual(outcomes(telemetry, 'client'), { 'shop.v1 pay other': 20 });
});

test("a server's span fails by its own faults only, a client's by every error", async () => {
  const server = testTelemetry();
  await failing(withTelemetry('server', server), new GoblinError('CARD_DECLINED'));
  await failing(withTelemetry('server', server), new GoblinError('INTERNAL'));
  const client = testTelemetry();
  await failing(withTelemetry('client', client), new GoblinError('CARD_DECLINED'));
  assert.deepEqual(
    server.spans.map(({ error }) => error?.code),
    [undefined, 'INTERNAL'],
  );
  assert.equal(server.spans[0]?.attributes['error.type'], 'CARD_DECLINED');
  assert.equal(client.spans[0]?.error?.code, 'CARD_DECLINED');
});

test('a stream is measured until its last item, and each item is made below its span', async () => {
  const telemetry = testTelemetry();
  const service: CallService = async () =>
    (async function* () {
      for (let i = 0; i < 3; i++) {
        telemetry.tracer.start(`item ${i}`).end();
        yield i;
      }
    })();
  const items = (await withTelemetry('server', telemetry)(watch, service)) as AsyncIterable<number>;
  const seen: number[] = [];
  for await (const item of items) {
    assert.deepEqual(outcomes(telemetry), {});
    seen.push(item);
  }
  assert.deepEqual(seen, [0, 1, 2]);
  assert.deepEqual(outcomes(telemetry), { 'shop.v1 watch ok': 1 });
  const span = telemetry.spans.at(-1);
  assert.equal(span?.name, 'shop.v1/watch');
  for (const item of telemetry.spans.slice(0, 3)) assert.equal(item.parentSpanId, span?.spanId);
});

test('a stream that breaks is counted by its code', async () => {
  const telemetry = testTelemetry();
  const service: CallService = async () =>
    (async function* () {
      yield 1;
      throw new GoblinError('UNAVAILABLE');
    })();
  const items = (await withTelemetry('server', telemetry)(watch, service)) as AsyncIterable<number>;
  await assert.rejects(Array.fromAsync(items), { code: 'UNAVAILABLE' });
  assert.deepEqual(outcomes(telemetry), { 'shop.v1 watch UNAVAILABLE': 1 });
});

test('a stream that is left is measured until then, and what makes the items is told', async () => {
  const telemetry = testTelemetry();
  let isClosed = false;
  const service: CallService = async () =>
    (async function* () {
      try {
        for (;;) yield 1;
      } finally {
        isClosed = true;
      }
    })();
  const filter = withTelemetry('server', telemetry);
  for await (const _item of (await filter(watch, service)) as AsyncIterable<number>) break;
  assert.ok(isClosed);
  assert.deepEqual(outcomes(telemetry), { 'shop.v1 watch ok': 1 });
});

test('a stream whose call was cancelled before its first item is counted as such', async () => {
  const telemetry = testTelemetry();
  const cancellation = new Cancellation();
  const filter = withTelemetry('server', telemetry);
  const service: CallService = async () => (async function* () {})();
  const items = (await context.run({ cancellation }, () =>
    filter(watch, service),
  )) as AsyncIterableIterator<number>;
  cancellation.cancel(new GoblinError('CANCELED'));
  await items.return?.();
  assert.deepEqual(outcomes(telemetry), { 'shop.v1 watch CANCELED': 1 });
});
