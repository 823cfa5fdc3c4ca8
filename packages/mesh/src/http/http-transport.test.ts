/** The client's side against servers that break, vanish or lie. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { Cancellation, context, GoblinError, virtualClock } from '@goblin/core';
import { noneLeftOpen, openHandles } from '../testing/open-handles.ts';
import { peerAt } from '../testing/peer-at.ts';
import { serveProbe } from '../testing/serve-probe.ts';
import { probe } from '../testing/transport-cases.ts';
import { until } from '../testing/until.ts';
import type { Transport } from '../transport.ts';
import { httpTransport, IDLE_PEER_MS } from './http-transport.ts';
import { MAX_CALLS, MAX_WAITING } from './peer-connections.ts';

const { echo, hang, count } = probe.procedures;
const hello = { procedure: echo, input: { text: 'hello' } };

interface FakePeer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly connections: number;
}

/** A TCP server that does with each connection what the test says. */
async function fakePeer(behave: (socket: Socket, request: string) => void): Promise<FakePeer> {
  let connections = 0;
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    connections++;
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => {});
    socket.on('data', (request) => behave(socket, request.toString()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}

function answer(body: string, head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n'): string {
  return `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** A transport that must leave nothing open. */
function closing(transport: Transport = httpTransport()): Transport & AsyncDisposable {
  const before = openHandles();
  return Object.assign(transport, {
    async [Symbol.asyncDispose]() {
      await transport.close();
      await noneLeftOpen(before);
    },
  });
}

async function failure(promise: Promise<unknown>): Promise<GoblinError> {
  const error = await promise.then(
    () => assert.fail('it did not fail'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof GoblinError, String(error));
  return error;
}

test('a peer that nobody listens at was surely not begun', async () => {
  await using gone = await fakePeer(() => {});
  await gone[Symbol.asyncDispose]();
  await using transport = closing();
  const error = await failure(transport.call(peerAt(gone), hello));
  assert.equal(error.code, 'CONNECTION_FAILED');
  assert.equal(error.data?.started, false);
  assert.match(error.message, new RegExp(`127.0.0.1:${gone.port} cannot be reached: .*ECONNREFUSED`));
});

test('a connection that dies before the answer leaves open whether the call was begun', async () => {
  await using peer = await fakePeer((socket) => socket.destroy());
  await using transport = closing();
  const error = await failure(transport.call(peerAt(peer), hello));
  assert.equal(error.code, 'CONNECTION_FAILED');
  assert.equal(error.data?.started, undefined);
});

test('a connection that dies within the answer shows that the call was begun', async () => {
  await using peer = await fakePeer((socket) => {
    socket.end('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"te');
  });
  await using transport = closing();
  const error = await failure(transport.call(peerAt(peer), hello));
  assert.equal(error.code, 'CONNECTION_FAILED');
  assert.equal(error.data?.started, true);
});

test('what is not an answer is a BAD_ANSWER', async () => {
  const answers = [
    'nonsense\r\n\r\n',
    answer('{"text":'),
    answer('<html>', 'HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n'),
    answer('not found', 'HTTP/1.1 404 Not Found\r\n'),
    answer('{"code":"no_such_code"}', 'HTTP/1.1 400 Bad\r\ncontent-type: application/json\r\n'),
    'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
    `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(100_000)}\r\n\r\n`,
  ];
  for (const bytes of answers) {
    await using peer = await fakePeer((socket) => socket.end(bytes));
    await using transport = closing();
    const error = await failure(transport.call(peerAt(peer), hello));
    assert.equal(error.code, 'BAD_ANSWER', `${bytes.slice(0, 60)}: ${error.message}`);
  }
});

test('a gateway that could not pass the call on is UNAVAILABLE', async () => {
  await using peer = await fakePeer((socket) => socket.end(answer('oops', 'HTTP/1.1 502 Bad Gateway\r\n')));
  await using transport = closing();
  assert.equal((await failure(transport.call(peerAt(peer), hello))).code, 'UNAVAILABLE');
});

test('an answer over the limit is given up, and so is an endless one', async () => {
  await using peer = await fakePeer((socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n');
    const more = (): void => {
      while (!socket.destroyed && socket.write('x'.repeat(10_000)));
    };
    socket.on('drain', more);
    more();
  });
  await using transport = closing(httpTransport({ maxAnswerBytes: 100_000 }));
  const error = await failure(transport.call(peerAt(peer), hello));
  assert.equal(error.code, 'BAD_ANSWER');
  assert.match(error.message, /larger than 100000 bytes/);
});

test('a stream without an end, or with nonsense in it, fails after its good items', async () => {
  const item = Buffer.from([0, 0, 0, 0, 7, ...Buffer.from('{"n":1}')]).toString('latin1');
  const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/connect+json\r\n';
  const bodies = [item, `${item}\0\0\0\0\x01{`, `${item}\x01\0\0\0\0`, `${item}\0\xff\xff\xff\xff`];
  for (const body of bodies) {
    await using peer = await fakePeer((socket) => {
      socket.end(Buffer.from(`${head}content-length: ${body.length}\r\n\r\n${body}`, 'latin1'));
    });
    await using transport = closing();
    const call = { procedure: count, input: { to: 1, padding: 0 } };
    const items = (await transport.call(peerAt(peer), call)) as AsyncIterable<unknown>;
    const seen: unknown[] = [];
    const reading = (async () => {
      for await (const each of items) seen.push(each);
    })();
    assert.equal((await failure(reading)).code, 'BAD_ANSWER');
    assert.deepEqual(seen, [{ n: 1 }]);
  }
});

test('one connection serves calls that follow each other, and as many as run at once serve those', async () => {
  await using peer = await fakePeer((socket, request) => {
    for (const _ of request.match(/POST/g) ?? []) socket.write(answer('{"text":"hello"}'));
  });
  await using transport = closing();
  for (let i = 0; i < 10; i++) assert.deepEqual(await transport.call(peerAt(peer), hello), { text: 'hello' });
  assert.equal(peer.connections, 1);
  await Promise.all(Array.from({ length: 500 }, () => transport.call(peerAt(peer), hello)));
  assert.ok(peer.connections <= MAX_CALLS, `${peer.connections} connections`);
});

test('what waits for a connection is bounded, and may leave', async () => {
  await using peer = await fakePeer(() => {});
  await using transport = closing();
  const cancellation = new Cancellation();
  const call = (): Promise<GoblinError> =>
    failure(transport.call(peerAt(peer), { procedure: hang, input: {} }));
  const running = context.run({ cancellation }, () => Array.from({ length: MAX_CALLS + MAX_WAITING }, call));
  const refused = await call();
  assert.equal(refused.code, 'UNAVAILABLE');
  assert.equal(refused.data?.started, false);
  cancellation.cancel(new GoblinError('CANCELED'));
  for (const error of await Promise.all(running)) assert.equal(error.code, 'CANCELED');
});

test('streams do not keep short calls from running', async () => {
  await using served = await serveProbe();
  await using transport = closing();
  const cancellation = new Cancellation();
  const streams = await context.run({ cancellation }, () =>
    Promise.all(
      Array.from({ length: MAX_CALLS + 10 }, async () => {
        const call = { procedure: probe.procedures.tick, input: {} };
        const items = (await transport.call(peerAt(served.server), call)) as AsyncIterable<unknown>;
        return items[Symbol.asyncIterator]();
      }),
    ),
  );
  for (const stream of streams) await stream.next();
  assert.deepEqual(await transport.call(peerAt(served.server), hello), { text: 'hello' });
  cancellation.cancel(new GoblinError('CANCELED'));
  for (const stream of streams) {
    const error = await failure(
      (async () => {
        while (!(await stream.next()).done);
      })(),
    );
    assert.equal(error.code, 'CANCELED');
  }
  await until(() => served.record.running === 0, 'the handlers have ended');
});

test('a connection closed by the peer between two calls is not noticed', async () => {
  await using served = await serveProbe({ limits: { idleTimeoutMs: 1_000 } });
  await using transport = closing();
  const peer = peerAt(served.server);
  await transport.call(peer, hello);
  await served.server.drain(0);
  await using again = await serveProbe({ port: served.server.port });
  assert.deepEqual(await transport.call(peerAt(again.server), hello), { text: 'hello' });
});

test('the connections of a peer that is not called any more are closed', async () => {
  await using served = await serveProbe();
  const clock = virtualClock();
  await using transport = closing(httpTransport({ clock }));
  const before = openHandles().sockets;
  await transport.call(peerAt(served.server), hello);
  assert.ok(openHandles().sockets > before);
  await clock.advance(IDLE_PEER_MS + 20_000);
  await until(() => openHandles().sockets === before, 'its connections are closed');
  assert.deepEqual(await transport.call(peerAt(served.server), hello), { text: 'hello' });
});

test('closing waits for what runs and takes nothing new', async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  await using peer = await fakePeer(
    (socket) => void gate.then(() => socket.write(answer('{"text":"late"}'))),
  );
  const transport = httpTransport();
  const running = transport.call(peerAt(peer), hello);
  await until(() => peer.connections === 1, 'the call is on its way');
  const closed = transport.close();
  const refused = await failure(transport.call(peerAt(peer), hello));
  assert.equal(refused.code, 'UNAVAILABLE');
  assert.equal(refused.data?.started, false);
  open();
  assert.deepEqual(await running, { text: 'late' });
  await closed;
});

test('a pure client cannot be called', async () => {
  const transport = httpTransport();
  const peer = { ...peerAt({ host: '', port: 1 }), address: undefined };
  assert.equal((await failure(transport.call(peer, hello))).code, 'UNAVAILABLE');
});

test('how many calls run can be seen', async () => {
  await using served = await serveProbe();
  const { telemetry } = served;
  const transport = httpTransport({ telemetry });
  const cancellation = new Cancellation();
  const hanging = context.run({ cancellation }, () =>
    failure(transport.call(peerAt(served.server), { procedure: hang, input: {} })),
  );
  await until(() => served.record.running === 1, 'the handler runs');
  const [calls] = telemetry.metrics.snapshot(['http_client_calls']).metrics;
  assert.equal(calls!.series.find(({ labels }) => labels[0] === 'running')!.value, 1);
  cancellation.cancel(new GoblinError('CANCELED'));
  await hanging;
  await transport.close();
});
