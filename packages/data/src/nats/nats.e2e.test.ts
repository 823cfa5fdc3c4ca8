import assert from 'node:assert/strict';
import { test } from 'node:test';
import { context, createConfig, createRuntime, testTelemetry } from '@goblin/core';
import { jetstreamManager } from '@nats-io/jetstream';
import { headers } from '@nats-io/nats-core';
import { z } from 'zod';
import { event } from '../events/event.ts';
import { subscribe } from '../events/subscribe.ts';
import { busOf, counted, metric, publish, published, upTo } from '../fixtures/nats-links.ts';
import { natsServer, noNats } from '../fixtures/nats-server.ts';
import { until as untilWithin } from '../fixtures/processes.ts';
import { running } from '../fixtures/running-work.ts';
import { siteDatabase } from '../fixtures/site-database.ts';
import { forward } from './forward.ts';
import { nats } from './nats.ts';
import { receive } from './receive.ts';

const skip = noNats ?? false;
const STREAM = 'goblin_site-a_test_counted_v1';
const WITHIN_MS = 30_000;
const never = new AbortController().signal;

function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  return untilWithin(condition, WITHIN_MS);
}

test('events of one site are events of another, in order, with tenant and trace', { skip }, async () => {
  await using server = await natsServer();
  const telemetry = testTelemetry();
  await using a = await siteDatabase();
  await using b = await siteDatabase({ telemetry });
  await using busA = busOf(server, 'site-a');
  await using busB = busOf(server, 'site-b');
  await using _out = running(forward(a, busA, counted));
  await using _in = running(receive(b, busB, counted, { from: 'site-a' }));
  const seen: unknown[] = [];
  await using _handler = running(
    subscribe(b, counted, { group: 'test' }, async ({ payload, tenant }) => {
      seen.push([payload.n, tenant, context.trace?.traceId]);
    }),
  );
  const trace = { traceId: 'c'.repeat(32), spanId: 'd'.repeat(16), sampled: true };
  await context.run({ tenant: 'acmé', trace }, () => publish(a, 1, 2, 3));
  await until(() => seen.length >= 3);
  assert.deepEqual(
    seen,
    [1, 2, 3].map((n) => [n, 'acmé', trace.traceId]),
  );
  assert.deepEqual(await published(b), [1, 2, 3]);
  // Both sides count what they have done, and end its span, after the other one could see it.
  const received = ({ traceId, name }: { readonly traceId: string; readonly name: string }): boolean =>
    traceId === trace.traceId && name === 'receive test.counted.v1';
  await until(() => telemetry.spans.some(received));
  await until(() => metric(a, 'event_link_forwarded_total') === 3);
  await until(() => metric(b, 'event_link_received_total') === 3);
});

test('what was received is not sent back: two sites that send to each other have each event once', {
  skip,
}, async () => {
  await using server = await natsServer();
  await using a = await siteDatabase();
  await using b = await siteDatabase();
  await using busA = busOf(server, 'site-a');
  await using busB = busOf(server, 'site-b');
  await using links = new AsyncDisposableStack();
  links.use(running(forward(a, busA, counted)));
  links.use(running(receive(a, busA, counted, { from: 'site-b' })));
  links.use(running(forward(b, busB, counted)));
  links.use(running(receive(b, busB, counted, { from: 'site-a' })));
  for (const n of upTo(20)) await publish(n % 2 === 0 ? a : b, n);
  const sorted = async (db: typeof a): Promise<number[]> => (await published(db)).sort((x, y) => x - y);
  await until(async () => (await published(a)).length >= 20 && (await published(b)).length >= 20);
  await publish(a, 20);
  await until(async () => (await published(b)).length >= 21);
  assert.deepEqual(await sorted(a), upTo(21));
  assert.deepEqual(await sorted(b), upTo(21));
  const manager = await jetstreamManager(await busA.connection(never));
  assert.equal((await manager.streams.info(STREAM)).state.messages, 11);
});

test('while the server is away events wait in the database, and it is said for how long', {
  skip,
}, async () => {
  await using server = await natsServer();
  await using a = await siteDatabase();
  await using b = await siteDatabase();
  await using busA = busOf(server, 'site-a', { telemetry: a.telemetry });
  await using busB = busOf(server, 'site-b');
  await using _out = running(forward(a, busA, counted));
  await using _in = running(receive(b, busB, counted, { from: 'site-a' }));
  await publish(a, 0);
  await until(async () => (await published(b)).length === 1);
  await server.kill();
  await until(() => metric(a, 'nats_connected') === 0);
  assert.match(busA.problem!, /NATS at 127.0.0.1:\d+ is away/);
  for (const n of upTo(10).slice(1)) await publish(a, n);
  await until(() => metric(a, 'event_link_seconds')! > 0);
  await server.start();
  await until(async () => (await published(b)).length === 10);
  assert.deepEqual(await published(b), upTo(10));
  assert.equal(metric(a, 'nats_connected'), 1);
});

test('a stream that is full takes nothing more and loses nothing; it goes on when there is room', {
  skip,
}, async () => {
  await using server = await natsServer();
  await using a = await siteDatabase();
  await using b = await siteDatabase();
  await using busA = busOf(server, 'site-a');
  await using busB = busOf(server, 'site-b');
  await using _out = running(forward(a, busA, counted, { stream: { maxBytes: '8kb' } }));
  await publish(a, ...upTo(100));
  await until(() => metric(a, 'event_link_blocked_attempts')! >= 2);
  await until(() => metric(a, 'event_stream_fill_ratio')! > 0.5);
  const manager = await jetstreamManager(await busA.connection(never));
  const { state } = await manager.streams.info(STREAM);
  assert.ok(state.messages > 0 && state.messages < 100);
  assert.equal(state.first_seq, 1, 'none was given up for a newer one');
  await manager.streams.update(STREAM, { max_bytes: 1_000_000 });
  await using _in = running(receive(b, busB, counted, { from: 'site-a' }));
  await until(async () => (await published(b)).length >= 100);
  assert.deepEqual(await published(b), upTo(100));
  await until(() => metric(a, 'event_link_blocked_attempts') === 0);
});

test('events whose acknowledgement was lost are not stored twice', { skip }, async () => {
  await using server = await natsServer();
  await using a = await siteDatabase();
  await using busA = busOf(server, 'site-a');
  await publish(a, ...upTo(10));
  const forwarded = async (count: number): Promise<void> => {
    await using _out = running(forward(a, busA, counted));
    await until(async () => metric(a, 'event_link_forwarded_total') === count);
  };
  await forwarded(10);
  // As after a crash between the acknowledgement and the commit.
  await a.query(`update goblin.event_cursor set xid = '0', id = 0`);
  await a.query('update goblin.event_link set sequence = 3');
  await publish(a, 10);
  await forwarded(11);
  const manager = await jetstreamManager(await busA.connection(never));
  assert.equal((await manager.streams.info(STREAM)).state.messages, 11);

  // Also where somebody else does it: the server knows the id of the event.
  const stored = await manager.streams.getMessage(STREAM, { seq: 11 });
  const again = headers();
  again.set('Nats-Msg-Id', stored!.header.get('ce-id'));
  const ack = await manager.jetstream().publish(stored!.subject, stored!.data, { headers: again });
  assert.ok(ack.duplicate);
});

test('a stream that is made anew is filled again, and nothing has its effect twice', { skip }, async () => {
  await using server = await natsServer();
  await using a = await siteDatabase();
  await using b = await siteDatabase();
  await using busA = busOf(server, 'site-a');
  await using busB = busOf(server, 'site-b');
  await using _in = running(receive(b, busB, counted, { from: 'site-a' }));
  const out = running(forward(a, busA, counted));
  await publish(a, ...upTo(10));
  await until(async () => (await published(b)).length === 10);
  await out.stop();
  const manager = await jetstreamManager(await busA.connection(never));
  await manager.streams.delete(STREAM);
  await publish(a, 10, 11);
  await using _again = running(forward(a, busA, counted));
  await until(async () => (await published(b)).length >= 12);
  assert.deepEqual(await published(b), upTo(12));
  await until(() => metric(b, 'event_link_duplicates_total') === 10);
  assert.equal((await manager.streams.info(STREAM)).state.messages, 12);
});

test('a receiving database that was restored to an earlier moment gets what it lost again', {
  skip,
}, async () => {
  await using server = await natsServer();
  await using a = await siteDatabase();
  await using busA = busOf(server, 'site-a');
  await using busB = busOf(server, 'site-b');
  await using _out = running(forward(a, busA, counted));
  const b = await siteDatabase();
  let link = running(receive(b, busB, counted, { from: 'site-a' }));
  await publish(a, ...upTo(5));
  await until(async () => (await published(b)).length === 5);
  await link.stop();
  await b.close();
  const then = await siteDatabase({ copyOf: b });
  await then.close();
  await using later = await siteDatabase({ copyOf: b });
  link = running(receive(later, busB, counted, { from: 'site-a' }));
  await publish(a, 5, 6, 7);
  await until(async () => (await published(later)).length === 8);
  await link.stop();
  await using restored = await siteDatabase({ copyOf: then });
  link = running(receive(restored, busB, counted, { from: 'site-a' }));
  await until(async () => (await published(restored)).length >= 8);
  await link.stop();
  assert.deepEqual(await published(restored), upTo(8));
});

test('a sending database that was restored to an earlier moment uses ids again, and its new events arrive', {
  skip,
}, async () => {
  await using server = await natsServer();
  await using b = await siteDatabase();
  await using busA = busOf(server, 'site-a');
  await using busB = busOf(server, 'site-b');
  await using _in = running(receive(b, busB, counted, { from: 'site-a' }));
  const a = await siteDatabase();
  await publish(a, 0);
  await a.close();
  await using first = await siteDatabase({ copyOf: a });
  let link = running(forward(first, busA, counted));
  await publish(first, 1, 2);
  await until(async () => (await published(b)).length === 3);
  await link.stop();
  await using restored = await siteDatabase({ copyOf: a });
  link = running(forward(restored, busA, counted));
  await publish(restored, 11, 12);
  await until(async () => (await published(b)).length >= 5);
  await link.stop();
  assert.deepEqual(await published(b), [0, 1, 2, 11, 12]);
});

test('a message that does not fit the contract stops its stream, visibly, until it is taken out', {
  skip,
}, async () => {
  await using server = await natsServer();
  await using a = await siteDatabase();
  await using b = await siteDatabase();
  await using busA = busOf(server, 'site-a');
  await using busB = busOf(server, 'site-b');
  const wide = event(counted.type, z.object({ n: z.number() }));
  await using _out = running(forward(a, busA, counted));
  await using _in = running(receive(b, busB, counted, { from: 'site-a' }));
  await publish(a, 0);
  await until(async () => (await published(b)).length === 1);
  await a.transaction((tx) => wide.publish(tx, { n: 0.5 }));
  await publish(a, 1);
  await until(() => metric(b, 'event_link_blocked_attempts')! >= 2);
  assert.deepEqual(await published(b), [0]);
  const manager = await jetstreamManager(await busA.connection(never));
  await manager.streams.deleteMessage(STREAM, 2);
  await until(async () => (await published(b)).length >= 2);
  assert.deepEqual(await published(b), [0, 1]);
  await until(() => metric(b, 'event_link_blocked_attempts') === 0);
});

test("a tenant's link carries that tenant's events, and takes no other's", { skip }, async () => {
  await using server = await natsServer();
  await using a = await siteDatabase();
  await using b = await siteDatabase();
  await using c = await siteDatabase();
  await using busA = busOf(server, 'site-a');
  await using busB = busOf(server, 'site-b');
  await using busC = busOf(server, 'site-c');
  await using _out = running(forward(a, busA, counted, { tenant: 'acme' }));
  await using _in = running(receive(b, busB, counted, { from: 'site-a', tenant: 'acme' }));
  await using _other = running(receive(c, busC, counted, { from: 'site-a', tenant: 'globex' }));
  await context.run({ tenant: 'globex' }, () => publish(a, 1));
  await publish(a, 2);
  await context.run({ tenant: 'acme' }, () => publish(a, 3));
  await until(async () => (await published(b)).length > 0);
  assert.deepEqual(await published(b), [3]);
  await until(() => metric(c, 'event_link_blocked_attempts')! >= 2);
  assert.deepEqual(await published(c), []);
});

test('a slow receiver is sent no more than it can hold, and gets everything in order', { skip }, async () => {
  await using server = await natsServer();
  await using a = await siteDatabase();
  await using b = await siteDatabase();
  await using busA = busOf(server, 'site-a');
  await using busB = busOf(server, 'site-b');
  await using _out = running(forward(a, busA, counted));
  await publish(a, ...upTo(400));
  await until(() => metric(a, 'event_link_forwarded_total') === 400);
  const manager = await jetstreamManager(await busA.connection(never));
  const first = await a.one<{ site: string; id: number; at: Date }>(
    'select site.id as site, event.id, published_at as at from goblin.event, goblin.site order by xid, event.id limit 1',
  );
  await using link = new AsyncDisposableStack();
  const slow = b.transaction(async (tx) => {
    // Whoever takes the first event waits for this transaction.
    await tx.query('insert into goblin.event_received (site, event, published_ms) values ($1, $2, $3)', [
      first.site,
      first.id,
      first.at.getTime(),
    ]);
    link.use(running(receive(b, busB, counted, { from: 'site-a' })));
    await until(async () => {
      const info = await manager.consumers.info(STREAM, 'site-b_shop').catch(() => undefined);
      return info?.num_ack_pending === 100;
    });
    throw new Error('long enough');
  });
  await assert.rejects(slow, /long enough/);
  await until(async () => (await published(b)).length >= 400);
  assert.deepEqual(await published(b), upTo(400));
});

test('the module reads its settings, starts without a server, and says what is wrong', { skip }, async () => {
  const bus = nats();
  const start = (module: typeof bus, env: Record<string, string>) =>
    createRuntime({
      ...{ service: 'shop', instance: 'shop-1', telemetry: testTelemetry(), dataFolder: '.' },
      config: createConfig({ service: 'shop', env }).read,
      stopping: never,
    }).use(module);
  await assert.rejects(start(bus, {}), { code: 'CONFIG_INVALID', message: /NATS_URL.*NATS_SITE/s });
  const nowhere = { NATS_URL: 'nats://127.0.0.1:1,nats://127.0.0.1:2', NATS_SITE: 'site-a' };
  await assert.rejects(start(bus, { ...nowhere, NATS_SITE: 'Site A' }), {
    code: 'CONFIG_INVALID',
    message: /NATS_SITE/,
  });
  assert.throws(() => nats({ prefix: 'a.>' }), { code: 'CONFIG_INVALID' });
  const value = await start(bus, nowhere);
  await until(() => value.problem!.includes('is away'));
  const health = await bus.health!(value);
  assert.ok(health.ok, 'its calls need no NATS');
  assert.match(health.detail!, /NATS at 127.0.0.1:1, 127.0.0.1:2 is away/);
  await bus.stop!(value);

  await using server = await natsServer();
  const acme = nats({ name: 'acme' });
  const there = await start(acme, { NATS_ACME_URL: server.url, NATS_ACME_SITE: 'site-a' });
  await there.connection(never);
  assert.equal(there.problem, undefined);
  await acme.stop!(there);
});

test('a stream that would lose events is refused, with what is wrong', { skip }, async () => {
  await using server = await natsServer();
  const warnings: string[] = [];
  const silent = testTelemetry();
  const log = { ...silent.log, warn: (fields: { err: Error }) => void warnings.push(fields.err.message) };
  await using a = await siteDatabase({ telemetry: testTelemetry({ log: log as never }) });
  await using busA = busOf(server, 'site-a');
  const manager = await jetstreamManager(await busA.connection(never));
  await manager.streams.add({ name: STREAM, subjects: ['goblin.site-a.test.counted.v1'], storage: 'memory' });
  await using _out = running(forward(a, busA, counted));
  await until(() => warnings.length > 0);
  assert.match(warnings[0]!, /would lose events: it discards old messages.*in memory.*30 days/);
  assert.throws(() => forward(a, busA, counted, { stream: { maxAge: '60d' } }), { code: 'INVALID_INPUT' });
  assert.throws(() => receive(a, busA, counted, { from: 'site-a' }), { code: 'INVALID_INPUT' });
});

test('version and key go along; an older version is taken as it is, a newer one waits for newer code', {
  skip,
}, async () => {
  await using server = await natsServer();
  await using a = await siteDatabase();
  await using b = await siteDatabase();
  await using busA = busOf(server, 'site-a');
  await using busB = busOf(server, 'site-b');
  const options = { version: 2, upgrade: { 1: ({ n }: { n: number }) => ({ n, unit: 'pc' }) } };
  const newer = event(counted.type, z.object({ n: z.int(), unit: z.string() }), options);
  await publish(a, 1);
  await a.transaction((tx) => newer.publish(tx, { n: 2, unit: 'kg' }, { key: 'schlüssel 1' }));
  await using _out = running(forward(a, busA, newer));
  const older = running(receive(b, busB, counted, { from: 'site-a' }));
  await until(() => metric(b, 'event_link_blocked_attempts')! >= 2);
  await older.stop();
  await using _in = running(receive(b, busB, newer, { from: 'site-a' }));
  await until(async () => (await published(b)).length >= 2);
  assert.deepEqual(await b.many('select version, key, payload from goblin.event order by id'), [
    { version: 1, key: null, payload: { n: 1 } },
    { version: 2, key: 'schlüssel 1', payload: { n: 2, unit: 'kg' } },
  ]);
});
