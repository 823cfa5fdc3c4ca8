/** Two and more nodes with real sockets on loopback; the beacon is in memory, so that this runs anywhere. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { context, contract, fail, type GoblinError, isGoblinError, testTelemetry } from '@goblin/core';
import { z } from 'zod';
import { noneLeftOpen, openHandles } from '../testing/open-handles.ts';
import { until } from '../testing/until.ts';
import { openSleuth } from './open-sleuth.ts';
import type { Sleuth, SleuthService } from './sleuth.ts';
import { type Air, memoryAir } from './testing/memory-beacon.ts';

const before = openHandles();
after(() => noneLeftOpen(before));

function node(air: Air, serve?: SleuthService): Promise<Sleuth> {
  const options = { interface: 'loopback', ...(serve && { serve }) };
  return openSleuth(options, { telemetry: testTelemetry(), beacon: air.beacon() });
}

function echo(name: string, mark = name): SleuthService {
  return {
    name,
    version: '2.1.0',
    async handler(request) {
      const { pathname, search } = new URL(request.url);
      const seen = { mark, method: request.method, pathname, search, body: await request.text() };
      return Response.json(seen, { status: 201, headers: { 'x-echo': request.headers.get('x-req') ?? '' } });
    },
  };
}

test('a request meets the handler as it was sent, and its answer comes back as it was made', async () => {
  const air = memoryAir();
  await using _server = await node(air, echo('tax'));
  await using client = await node(air);
  await client.waitFor(['tax']);
  const response = await client.fetch('sleuth://tax/rates/FR?year=2026&x=%20', {
    method: 'POST',
    headers: { 'x-req': '1', 'content-type': 'text/plain' },
    body: 'häagen',
  });
  assert.equal(response.status, 201);
  assert.equal(response.headers.get('x-echo'), '1');
  assert.deepEqual(await response.json(), {
    mark: 'tax',
    method: 'POST',
    pathname: '/rates/FR',
    search: '?year=2026&x=%20',
    body: 'häagen',
  });
});

test('each sees who is there, what it serves and in which version', async () => {
  const air = memoryAir();
  await using server = await node(air, echo('tax'));
  await using client = await node(air);
  await client.waitFor(['tax']);
  const [peer] = client.peers;
  assert.deepEqual(
    { ...peer, address: peer!.address.replace(/\d+$/, 'port') },
    { uuid: server.uuid, name: server.uuid, service: 'tax', version: '2.1.0', address: '127.0.0.1:port' },
  );
  await until(() => server.peers.length === 1, 'the service sees the client');
  assert.equal(server.peers[0]!.service, undefined);
  assert.match(server.uuid, /^[0-9A-F]{32}$/);
});

test('instances of a service are asked in turn, and one that leaves is asked no more', async () => {
  const air = memoryAir();
  await using _one = await node(air, echo('tax', 'one'));
  await using two = await node(air, echo('tax', 'two'));
  await using client = await node(air);
  await until(() => client.peers.length === 2, 'both are seen');
  const ask = async (): Promise<string> => (await (await client.fetch('sleuth://tax/')).json()).mark;
  const marks = [await ask(), await ask(), await ask(), await ask()];
  assert.deepEqual(marks.slice(0, 2).sort(), ['one', 'two']);
  assert.deepEqual(marks.slice(2), marks.slice(0, 2));
  await two.stop();
  assert.deepEqual([await ask(), await ask(), await ask()], ['one', 'one', 'one']);
  assert.ok(air.said.some(({ uuid, port }) => uuid === two.uuid && port === 0));
});

test('a service that stops answers what runs before it goes', async () => {
  const air = memoryAir();
  const { promise: began, resolve: begin } = Promise.withResolvers<void>();
  const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
  await using server = await node(air, {
    name: 'slow',
    async handler() {
      begin();
      await finished;
      return new Response('done');
    },
  });
  await using client = await node(air);
  await client.waitFor(['slow']);
  const answer = client.fetch('sleuth://slow/', { timeoutMs: 5_000 });
  await began;
  const stopped = server.stop();
  const isUnknown = (error: unknown): boolean => isGoblinError(error, 'NO_PEER');
  const ask = (): Promise<boolean> =>
    client.fetch('sleuth://slow/', { timeoutMs: 20 }).then(() => false, isUnknown);
  await until(ask, 'it is asked no more');
  finish();
  assert.equal(await (await answer).text(), 'done');
  await stopped;
});

test('errors name what was asked, what to do, and the number that Sleuth has for them', async () => {
  const air = memoryAir();
  await using _server = await node(air, { name: 'silent', handler: () => new Promise(() => {}) });
  const client = await node(air);
  await client.waitFor(['silent']);
  const failure = (target: string, timeoutMs?: number): Promise<GoblinError> =>
    client.fetch(target, { ...(timeoutMs !== undefined && { timeoutMs }) }).then(
      () => assert.fail('it was answered'),
      (error) => error,
    );
  const wrongScheme = await failure('http://silent/');
  assert.deepEqual([wrongScheme.code, wrongScheme.data?.sleuth], ['INVALID_INPUT', 916]);
  const unknown = await failure('sleuth://silnt/');
  assert.deepEqual([unknown.code, unknown.data?.sleuth], ['NO_PEER', 919]);
  assert.match(unknown.message, /did you mean silent\?.*known are silent/);
  const slow = await failure('sleuth://silent/', 20);
  assert.deepEqual([slow.code, slow.data?.sleuth], ['DEADLINE_EXCEEDED', 920]);
  assert.match(slow.message, /silent at 127\.0\.0\.1:\d+ did not answer within 20 ms/);
  const absent = await client.waitFor(['silent', 'tax'], { timeoutMs: 20 }).catch((error) => error);
  assert.deepEqual(
    [absent.code, absent.data.sleuth, absent.data.missing],
    ['DEADLINE_EXCEEDED', 920, ['tax']],
  );
  await client.stop();
  const closed = await failure('sleuth://silent/');
  assert.deepEqual([closed.code, closed.data?.sleuth], ['UNAVAILABLE', 935]);
});

test('the deadline of the current call holds when it is sooner, and whoever cancels hears at once', async () => {
  const air = memoryAir();
  await using _server = await node(air, { name: 'silent', handler: () => new Promise(() => {}) });
  await using client = await node(air);
  await client.waitFor(['silent']);
  const early = context.run({ deadline: performance.now() + 20 }, () =>
    client.fetch('sleuth://silent/', { timeoutMs: 60_000 }),
  );
  await assert.rejects(early, (error) => isGoblinError(error, 'DEADLINE_EXCEEDED'));
  const controller = new AbortController();
  const cancelled = client.fetch('sleuth://silent/', { timeoutMs: 60_000, signal: controller.signal });
  controller.abort();
  await assert.rejects(cancelled, (error) => isGoblinError(error, 'CANCELED'));
});

test('a peer that is gone fails what it was asked at once, and ends what it asked', async () => {
  const air = memoryAir();
  const requests: Request[] = [];
  await using server = await node(air, {
    name: 'slow',
    handler(request) {
      requests.push(request);
      return new Promise(() => {});
    },
  });
  const client = await node(air);
  await client.waitFor(['slow']);
  const answer = client.fetch('sleuth://slow/', { timeoutMs: 60_000 });
  answer.catch(() => {});
  await until(() => requests.length === 1, 'it is asked');
  await client.stop();
  await assert.rejects(answer, (error) => isGoblinError(error, 'UNAVAILABLE'));
  await until(() => requests[0]!.signal.aborted, 'the handler is told');

  await using other = await node(air);
  await other.waitFor(['slow']);
  const lost = other.fetch('sleuth://slow/', { timeoutMs: 60_000 });
  lost.catch(() => {});
  await until(() => requests.length === 2, 'it is asked again');
  await server.stop(50);
  await assert.rejects(lost, (error) => isGoblinError(error, 'CONNECTION_FAILED'));
});

test('what a handler throws is told without its words, a coded refusal with them', async () => {
  const air = memoryAir();
  await using _server = await node(air, {
    name: 'broken',
    handler: async (request) =>
      request.url.endsWith('/coded') ? fail('FORBIDDEN', {}, 'not for you') : assert.fail('a secret'),
  });
  await using client = await node(air);
  await client.waitFor(['broken']);
  const coded = await client.fetch('sleuth://broken/coded');
  assert.deepEqual([coded.status, await coded.text()], [403, 'not for you']);
  const plain = await client.fetch('sleuth://broken/');
  assert.deepEqual([plain.status, await plain.text()], [500, 'the service failed']);
});

test('empty bodies, empty statuses, HEAD and binary bodies arrive as they are', async () => {
  const air = memoryAir();
  const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => i * 7);
  await using _server = await node(air, {
    name: 'bytes',
    async handler(request) {
      if (request.method === 'DELETE') return new Response(null, { status: 204 });
      if (request.method === 'PUT') return new Response(await request.arrayBuffer());
      return new Response(null, {
        status: 200,
        headers: [
          ['set-cookie', 'a=1'],
          ['set-cookie', 'b=2'],
        ],
      });
    },
  });
  await using client = await node(air);
  await client.waitFor(['bytes']);
  assert.equal((await client.fetch('sleuth://bytes/', { method: 'DELETE' })).status, 204);
  const put = await client.fetch('sleuth://bytes/', { method: 'PUT', body: bytes, timeoutMs: 5_000 });
  assert.deepEqual(new Uint8Array(await put.arrayBuffer()), bytes);
  const head = await client.fetch('sleuth://bytes/', { method: 'HEAD' });
  assert.deepEqual([await head.text(), head.headers.getSetCookie()], ['', ['a=1', 'b=2']]);
});

test('what is too large for a message is refused on the side that made it', async () => {
  const air = memoryAir();
  await using _server = await node(air, {
    name: 'large',
    handler: async () => new Response('x'.repeat(9_000_000)),
  });
  await using client = await node(air);
  await client.waitFor(['large']);
  const body = 'x'.repeat(9_000_000);
  await assert.rejects(client.fetch('sleuth://large/', { method: 'POST', body }), (error) =>
    isGoblinError(error, 'PAYLOAD_TOO_LARGE'),
  );
  assert.equal((await client.fetch('sleuth://large/', { timeoutMs: 5_000 })).status, 500);
});

const tax = contract('tax.v1', {
  quote: {
    input: z.object({ country: z.string() }),
    output: z.object({ rate: z.number() }),
    errors: ['UNKNOWN_COUNTRY'],
  },
  watch: { input: z.object({}), output: z.object({}), stream: true },
});

test('typed calls go by the Connect protocol, and an answer that the contract does not allow is refused', async () => {
  const air = memoryAir();
  await using _server = await node(air, {
    name: 'tax',
    async handler(request) {
      assert.equal(new URL(request.url).pathname, '/tax.v1/quote');
      assert.equal(request.headers.get('goblin-tenant'), null);
      const { country } = (await request.json()) as { country: string };
      return Response.json(country === 'FR' ? { rate: 0.2 } : { rate: 'high' });
    },
  });
  await using client = await node(air);
  await client.waitFor(['tax']);
  const call = client.client(tax);
  await context.run({ tenant: 'acme' }, async () => {
    assert.deepEqual(await call.quote({ country: 'FR' }), { rate: 0.2 });
  });
  await assert.rejects(call.quote({ country: 'DE' }), (error) => isGoblinError(error, 'BAD_ANSWER'));
  await assert.rejects(
    async () => {
      for await (const _ of call.watch({})) assert.fail('there is no stream');
    },
    (error) => isGoblinError(error, 'UNIMPLEMENTED'),
  );
});

test('an interface that is not there is refused with those that are', async () => {
  await assert.rejects(
    openSleuth({ interface: 'eth99' }, { telemetry: testTelemetry() }),
    (error) =>
      isGoblinError(error, 'CONFIG_INVALID') && /"eth99".*there are loopback, lo/.test(error.message),
  );
});
