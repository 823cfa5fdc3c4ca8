import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import test from 'node:test';
import { type OtlpTarget, postOtlp } from './otlp-request.ts';

const never = new AbortController().signal;

/** What follows the headers is the answer's body, and the connection is kept. */
function answer(body: string, status = '200 OK'): string {
  return `HTTP/1.1 ${status}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

async function collector(
  onRequest: (socket: Socket, request: number) => void,
): Promise<{ readonly target: OtlpTarget; readonly connections: number } & Disposable> {
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    sockets.push(socket);
    let requests = 0;
    socket.on('error', () => {});
    // Requests of these tests are small, and come in one piece.
    socket.on('data', () => onRequest(socket, ++requests));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    target: { url: `http://127.0.0.1:${port}/v1/traces`, headers: {}, timeoutMs: 5_000 },
    get connections() {
      return sockets.length;
    },
    [Symbol.dispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

test('a connection that the collector closed while it was kept costs nothing', async () => {
  using server = await collector((socket, request) =>
    request === 1 ? socket.write(answer('{}')) : socket.destroy(),
  );
  for (let round = 1; round <= 3; round++) {
    const outcome = await postOtlp(server.target, '{}', never);
    assert.deepEqual(outcome, { kind: 'taken', refused: 0, reason: '' });
  }
  assert.equal(server.connections, 3);
});

test('a collector that closes each connection at once is tried again later', async () => {
  using server = await collector((socket) => socket.destroy());
  const outcome = await postOtlp(server.target, '{}', never);
  assert.equal(outcome.kind, 'later');
  assert.equal(server.connections, 1);
});

test('one that does not answer, or without an end, takes no longer than it may and no more memory', async () => {
  using silent = await collector(() => {});
  const late = await postOtlp({ ...silent.target, timeoutMs: 50 }, '{}', never);
  assert.equal(late.kind, 'later');
  assert.match(late.reason, /timeout/);
  using endless = await collector((socket) => {
    socket.write('HTTP/1.1 400 Bad Request\r\ntransfer-encoding: chunked\r\n\r\n');
    const chunk = `${(60_000).toString(16)}\r\n${'x'.repeat(60_000)}\r\n`;
    const more = (): boolean => socket.writable && socket.write(chunk);
    socket.on('drain', more);
    while (more());
  });
  const refused = await postOtlp(endless.target, '{}', never);
  assert.equal(refused.kind, 'refused');
  assert.ok(refused.reason.length < 400);
});
