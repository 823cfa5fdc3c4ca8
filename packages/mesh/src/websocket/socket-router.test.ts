import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { context, type Socket, type SocketHandler, virtualClock } from '@goblin/core';
import { WebSocket } from 'ws';
import { noneLeftOpen, openHandles } from '../testing/open-handles.ts';
import { rawClient } from '../testing/raw-client.ts';
import { type ProbeOptions, type ServedProbe, serveProbe } from '../testing/serve-probe.ts';
import { until } from '../testing/until.ts';
import { MAX_BUFFERED_BYTES } from './open-socket.ts';
import { HEARTBEAT_MS, MAX_MESSAGE_BYTES } from './socket-router.ts';

const echo: SocketHandler = { message: (socket, message) => socket.send(message) };

interface Served extends ServedProbe {
  /** Opens a socket; `messages` collects what it receives. */
  open(path: string, headers?: Record<string, string>): Promise<Client>;
  /** The status with which opening a socket is refused. */
  refusal(path: string, headers?: Record<string, string>): Promise<number>;
}

interface Client {
  readonly socket: WebSocket;
  readonly messages: (string | Buffer)[];
  /** Resolves with code and reason. */
  readonly closed: Promise<string>;
}

/** A server with these handlers that must leave nothing open. */
async function serve(sockets: Record<string, SocketHandler>, options: ProbeOptions = {}): Promise<Served> {
  const before = openHandles();
  const served = await serveProbe({ sockets, ...options });
  const url = served.url.replace('http', 'ws');
  return {
    ...served,
    async open(path, headers = {}) {
      const socket = new WebSocket(url + path, { headers });
      const messages: (string | Buffer)[] = [];
      socket.on('message', (data: Buffer, isBinary) => messages.push(isBinary ? data : data.toString()));
      const closed = once(socket, 'close').then(([code, reason]) => `${code} ${reason}`);
      await once(socket, 'open');
      return { socket, messages, closed };
    },
    async refusal(path, headers = {}) {
      const socket = new WebSocket(url + path, { headers });
      socket.on('error', () => {});
      const [, response] = await once(socket, 'unexpected-response');
      response.resume();
      socket.terminate();
      return response.statusCode;
    },
    async [Symbol.asyncDispose]() {
      await served[Symbol.asyncDispose]();
      await noneLeftOpen(before);
    },
  };
}

test('messages come and go, as text and as bytes', async () => {
  await using served = await serve({ '/echo': echo });
  const client = await served.open('/echo?x=1');
  client.socket.send('grüße');
  client.socket.send(Buffer.from([1, 2, 3]));
  await until(() => client.messages.length === 2, 'both come back');
  assert.deepEqual(client.messages, ['grüße', Buffer.from([1, 2, 3])]);
});

test('a handler hears of opening, of each message in order, and of closing', async () => {
  const heard: string[] = [];
  await using served = await serve({
    '/story': {
      async open(socket) {
        await new Promise((resolve) => setImmediate(resolve));
        heard.push(`open ${new URL(socket.request.url).search}`);
      },
      async message(_, message) {
        await new Promise((resolve) => setTimeout(resolve, message === 'slow' ? 20 : 0));
        heard.push(String(message));
      },
      close: (_, code, reason) => void heard.push(`close ${code} ${reason}`),
    },
  });
  const client = await served.open('/story?chapter=1');
  for (const message of ['slow', 'one', 'two']) client.socket.send(message);
  client.socket.close(4000, 'enough');
  await until(() => heard.length === 5, 'all is heard');
  assert.deepEqual(heard, ['open ?chapter=1', 'slow', 'one', 'two', 'close 4000 enough']);
});

test('a broadcast reaches everyone in the room but its sender', async () => {
  await using served = await serve({
    '/chat': {
      open: (socket) => socket.join('hall'),
      message(socket, message) {
        if (message === 'leave') socket.leave('hall');
        else socket.broadcast('hall', message);
      },
    },
  });
  const [ann, bob, eve] = [
    await served.open('/chat'),
    await served.open('/chat'),
    await served.open('/chat'),
  ];
  eve.socket.send('leave');
  await new Promise((resolve) => eve.socket.once('pong', resolve).ping());
  ann.socket.send('hello');
  await until(() => bob.messages.length === 1, 'bob hears it');
  assert.deepEqual([ann.messages, bob.messages, eve.messages], [[], ['hello'], []]);
  bob.socket.close();
  await bob.closed;
  ann.socket.send('anybody?');
  await new Promise((resolve) => ann.socket.once('pong', resolve).ping());
});

test('a message runs in a span under the trace that opened the socket, with its tenant', async () => {
  const seen: unknown[] = [];
  await using served = await serve({
    '/ctx': { message: () => void seen.push(context.tenant, context.trace?.traceId) },
  });
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const client = await served.open('/ctx', {
    traceparent: `00-${traceId}-b7ad6b7169203331-01`,
    'goblin-tenant': 'acme',
  });
  client.socket.send('x');
  await until(() => seen.length > 0, 'it is handled');
  assert.deepEqual(seen, ['acme', traceId]);
  await until(() => served.telemetry.spans.some(({ name }) => name === 'message /ctx'), 'the span ends');
});

test('work of a socket that closes is cancelled', async () => {
  let aborted = false;
  await using served = await serve({
    '/work': {
      message: () =>
        new Promise((resolve) =>
          context.signal.addEventListener('abort', () => {
            aborted = true;
            resolve();
          }),
        ),
    },
  });
  const client = await served.open('/work');
  client.socket.send('begin');
  await until(() => served.telemetry.spans.some(({ name }) => name === 'open /work'), 'it is open');
  client.socket.terminate();
  await until(() => aborted, 'the work hears of it');
});

test('a handler that throws closes its socket with 1011 and no other', async () => {
  await using served = await serve({
    '/bug': {
      message(_, message) {
        if (message === 'bug') throw new TypeError('secret');
      },
    },
  });
  const [broken, other] = [await served.open('/bug'), await served.open('/bug')];
  broken.socket.send('bug');
  assert.equal(await broken.closed, '1011 the service failed');
  assert.equal(other.socket.readyState, WebSocket.OPEN);
});

test('a message over the limit closes the socket with 1009', async () => {
  await using served = await serve({ '/echo': echo });
  const client = await served.open('/echo');
  client.socket.send('x'.repeat(MAX_MESSAGE_BYTES));
  await until(() => client.messages.length === 1, 'the largest comes back');
  client.socket.send('x'.repeat(MAX_MESSAGE_BYTES + 1));
  assert.match(await client.closed, /^1009/);
});

test('a client that reads too slowly is closed with 1013', async () => {
  let socket: Socket | undefined;
  await using served = await serve({
    '/flood': {
      open: (opened) => {
        socket = opened;
      },
    },
  });
  const client = await served.open('/flood');
  await until(() => socket !== undefined, 'it is open');
  client.socket.pause();
  for (let i = 0; i < 1_000; i++) socket!.send('x'.repeat(100_000));
  client.socket.resume();
  assert.equal(await client.closed, '1013 you read too slowly');
  const received = client.messages.length * 100_000;
  assert.ok(received < MAX_BUFFERED_BYTES + 20_000_000, `${received} bytes were kept for it`);
});

test('a client that sends faster than its handler works is read more slowly', async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  let handled = 0;
  await using served = await serve({
    '/slow': {
      async message() {
        await gate;
        handled++;
      },
    },
  });
  const client = await served.open('/slow');
  const message = 'x'.repeat(100_000);
  for (let i = 0; i < 500; i++) client.socket.send(message);
  let last = -1;
  await until(async () => {
    const still = last === client.socket.bufferedAmount;
    last = client.socket.bufferedAmount;
    await new Promise((resolve) => setTimeout(resolve, 10));
    return still;
  }, 'no more is taken');
  assert.ok(
    client.socket.bufferedAmount > 10_000_000,
    `${client.socket.bufferedAmount} bytes wait at the client`,
  );
  open();
  await until(() => handled === 500, 'all are handled');
});

test('a peer that does not answer pings is ended', async () => {
  const clock = virtualClock();
  const closed: number[] = [];
  await using served = await serve({ '/echo': { close: (_, code) => void closed.push(code) } }, { clock });
  const alive = await served.open('/echo');
  using dead = await rawClient(served.server.port);
  dead.send(
    'GET /echo HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  await dead.receive('101');
  const pinged = once(alive.socket, 'ping');
  await clock.advance(HEARTBEAT_MS);
  await pinged;
  await new Promise((resolve) => alive.socket.once('pong', resolve).ping());
  await clock.advance(HEARTBEAT_MS);
  await dead.end();
  await until(() => closed.length === 1, 'its handler hears of it');
  assert.deepEqual(closed, [1006]);
  assert.equal(alive.socket.readyState, WebSocket.OPEN);
});

test('pages of other origins are refused; those of this host, of named origins, and programs are let in', async () => {
  await using served = await serve({ '/echo': echo }, { socketOrigins: ['https://shop.example'] });
  assert.equal(await served.refusal('/echo', { origin: 'https://evil.example' }), 403);
  assert.equal(await served.refusal('/echo', { origin: 'null' }), 403);
  for (const headers of [{}, { origin: served.url }, { origin: 'https://shop.example' }] as Record<
    string,
    string
  >[])
    (await served.open('/echo', headers)).socket.close();
});

test('a path without a handler, and one socket too many, are refused', async () => {
  await using served = await serve({ '/echo': echo }, { limits: { maxSockets: 1 } });
  assert.equal(await served.refusal('/nowhere'), 404);
  assert.equal(await served.refusal('/toString'), 404);
  const client = await served.open('/echo');
  assert.equal(await served.refusal('/echo'), 503);
  client.socket.close();
  await client.closed;
  await until(async () => (await served.refusal('/nowhere')) === 404, 'it is counted off');
  await served.open('/echo');
});

test('sockets and messages are counted by path', async () => {
  await using served = await serve({ '/echo': echo });
  const client = await served.open('/echo');
  client.socket.send('one');
  await until(() => client.messages.length === 1, 'it comes back');
  const value = (name: string, ...labels: string[]): number | undefined => {
    const [metric] = served.telemetry.metrics.snapshot([name]).metrics;
    return metric?.series.find((series) => series.labels.join() === labels.join())?.value;
  };
  assert.equal(value('websocket_open', '/echo'), 1);
  assert.equal(value('websocket_messages_total', '/echo', 'received'), 1);
  assert.equal(value('websocket_messages_total', '/echo', 'sent'), 1);
  client.socket.close();
  await until(() => value('websocket_open', '/echo') === 0, 'it is counted off');
});

test('a server that drains sends its clients away with 1001 and does not wait for its time to end', async (t) => {
  await using served = await serve({ '/echo': echo });
  const client = await served.open('/echo');
  const began = performance.now();
  // An hour: the test is given up before.
  await served.server.drain(3_600_000);
  assert.equal(await client.closed, '1001 this instance is shutting down');
  t.diagnostic(`drained after ${Math.round(performance.now() - began)} ms`);
});

test('bytes that are no WebSocket frames end the socket, not the server', async () => {
  await using served = await serve({ '/echo': echo });
  for (const bytes of [
    '\xff\xff\xff\xff',
    '\x81\x05hello',
    '\x83\x80\0\0\0\0',
    '\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff',
  ]) {
    using client = await rawClient(served.server.port);
    client.send(
      'GET /echo HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await client.receive('101');
    client.send(Buffer.from(bytes, 'latin1'));
    await client.end();
  }
  const good = await served.open('/echo');
  good.socket.send('still');
  await until(() => good.messages.length === 1, 'it comes back');
});
