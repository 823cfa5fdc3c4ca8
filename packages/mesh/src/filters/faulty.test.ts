import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import {
  answersOf,
  contract,
  createConfig,
  isGoblinError,
  procedureService,
  serve,
  testTelemetry,
} from '@goblin/core';
import { z } from 'zod';
import { beacon } from '../discovery/beacon.ts';
import { clusterKey } from '../discovery/cluster-key.ts';
import { SECRET } from '../discovery/testing/recorder.ts';
import { type Host, startHost } from '../host.ts';
import { testPlatform } from '../test-platform.ts';
import { until } from '../testing/until.ts';
import { createFaults } from './faults.ts';
import { faultyProcedures } from './faulty.ts';

const tax = contract('tax.v1', {
  quote: { input: z.string(), output: z.number(), idempotent: true },
  charge: { input: z.string(), output: z.number() },
  rates: { input: z.string(), output: z.number(), stream: true, idempotent: true },
});
const shop = contract('shop.v1', {
  quote: { input: z.string(), output: z.number() },
  charge: { input: z.string(), output: z.number() },
  rates: { input: z.string(), output: z.array(z.number()) },
});
const taxService = serve(tax, {
  quote: () => 20,
  charge: () => 20,
  async *rates() {
    yield 19;
    yield 20;
  },
});
const shopService = serve(shop, (app) => {
  const taxes = app.client(tax);
  return { quote: taxes.quote, charge: taxes.charge, rates: (input) => Array.fromAsync(taxes.rates(input)) };
});

async function hosts(): Promise<{ tax: Host; shop: Host } & AsyncDisposable> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  const start = (name: string, definition: typeof taxService | typeof shopService): Promise<Host> =>
    startHost(definition as typeof taxService, {
      name,
      version: '1',
      folder: '.',
      dataFolder: '.',
      config: createConfig({ service: name, env: {} }).read,
      telemetry: testTelemetry(),
      finders: [beacon({ port })],
      clusterKey: clusterKey({ cluster: 'tests', secret: SECRET }),
      lameDuckMs: 0,
    });
  await using starting = new AsyncDisposableStack();
  const [tax, shop] = await Promise.all([start('tax', taxService), start('shop', shopService)]);
  starting.use(tax);
  starting.use(shop);
  await Promise.all([
    tax.mesh.directory.waitFor(['shop.v1'], { timeoutMs: 5_000 }),
    shop.mesh.directory.waitFor(['tax.v1'], { timeoutMs: 5_000 }),
  ]);
  const running = starting.move();
  return { tax, shop, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

const code =
  (wanted: string) =>
  (error: unknown): boolean =>
    isGoblinError(error, wanted);

test('a fault of a host strikes the calls that come in there, streams too, until it is lifted', async () => {
  await using world = await hosts();
  const calls = world.shop.mesh.client(tax);
  world.tax.faults.inject({ effect: { error: 'FORBIDDEN' } });
  await assert.rejects(calls.quote('FR'), code('FORBIDDEN'));
  await assert.rejects(Array.fromAsync(calls.rates('FR')), code('FORBIDDEN'));
  world.tax.faults.lift();
  assert.equal(await calls.quote('FR'), 20);

  world.tax.faults.inject({ effect: { latencyMs: 60_000 } });
  await assert.rejects(calls.quote('FR', { deadline: '50ms' }), code('DEADLINE_EXCEEDED'));
  const charge = calls.charge('FR');
  world.tax.faults.lift();
  assert.equal(await charge, 20);
});

test('a fault of the client side strikes each attempt: what may be tried again is, what may not fails', async () => {
  await using world = await hosts();
  const { faults, mesh } = world.shop;
  const calls = world.tax.mesh.client(shop);
  faults.inject({ id: 'down', match: { side: 'client', service: 'tax' }, effect: { error: 'UNAVAILABLE' } });
  const quote = mesh.client(tax).quote('FR');
  await until(() => faults.list()[0]!.struck > 0, 'an attempt was struck');
  faults.lift();
  assert.equal(await quote, 20);
  assert.deepEqual(await calls.rates('FR'), [19, 20]);
  faults.inject({ id: 'tax', match: { side: 'client', service: 'tax' }, effect: { abort: 'hang' } });
  await assert.rejects(mesh.client(tax).quote('FR', { deadline: '100ms' }), code('DEADLINE_EXCEEDED'));
  faults.inject({
    id: 'tax',
    match: { side: 'client', service: 'tax' },
    effect: { abort: 'CONNECTION_FAILED' },
  });
  await assert.rejects(calls.charge('FR'), code('CONNECTION_FAILED'));
});

for (const over of ['process', 'http'] as const) {
  test(`faults of a test platform strike on both sides, over ${over}`, async () => {
    await using platform = await testPlatform({ tax: taxService, shop: shopService }, { over });
    const client = platform.client(shop);
    const { faults } = platform;
    faults.inject({ match: { service: 'tax', procedure: 'quote' }, effect: { error: 'NOT_FOUND' } });
    await assert.rejects(client.quote('FR'), code('NOT_FOUND'));
    assert.equal(await client.charge('FR'), 20);
    faults.lift();
    faults.inject({ match: { contract: 'tax.v1', side: 'client' }, effect: { abort: 'hang' } });
    await assert.rejects(client.quote('FR', { deadline: '20ms' }), code('DEADLINE_EXCEEDED'));
    faults.lift();
    assert.deepEqual(await client.rates('FR'), [19, 20]);
  });
}

test('while nothing is injected, an answer that is there at once needs no promise', () => {
  const telemetry = testTelemetry();
  const { log, metrics } = telemetry;
  const clock = {
    now: () => 0,
    wall: () => 0,
    after: () => ({ cancel() {} }),
    every: () => ({ cancel() {} }),
  };
  const faults = createFaults({ clock, random: Math.random, log, metrics });
  const procedures = procedureService(
    tax,
    { quote: () => 20, charge: () => 20, async *rates() {} },
    telemetry,
  );
  const answer = answersOf(faultyProcedures(procedures, faults));
  assert.equal(answer({ procedure: tax.procedures.quote, input: 'FR' }), 20);
});
