import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { type TestEdge, type TestEdgeOptions, testEdge, until } from './testing/test-edge.ts';

const cleanups: (() => void)[] = [];
after(() => {
  for (const cleanup of cleanups) cleanup();
});

/** A service that echoes, closes with the code it is told, and floods when asked to. */
async function startEcho(): Promise<{ port: number; closes: [number, string][]; sent: () => number }> {
  const server = createServer(
    (_request, response) => void response.writeHead(426).end('a WebSocket is wanted'),
  );
  const sockets = new WebSocketServer({ server, handleProtocols: (protocols) => [...protocols][0] ?? false });
  const closes: [number, string][] = [];
  let flooded = 0;
  sockets.on('connection', (socket, request) => {
    socket.on('close', (code, reason) => closes.push([code, String(reason)]));
    socket.on('error', () => {});
    socket.on('message', (data, isBinary) => {
      const text = String(data);
      if (text.startsWith('close ')) socket.close(Number(text.slice(6)), 'as told');
      else if (text === 'headers') socket.send(JSON.stringify(request.headers));
      else if (text === 'flood') {
        const more = (): void => {
          flooded += 1_048_576;
          if (flooded < 64 * 1_048_576) socket.send(Buffer.alloc(1_048_576), more);
        };
        more();
      } else socket.send(data, { binary: isBinary });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    for (const socket of sockets.clients) socket.terminate();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, closes, sent: () => flooded };
}

async function withEcho(
  options: Partial<TestEdgeOptions> = {},
): Promise<{ edge: TestEdge; echo: Awaited<ReturnType<typeof startEcho>> }> {
  const echo = await startEcho();
  const edge = await testEdge({ routes: [{ path: '/ws/*', to: 'echo' }], ...options });
  edge.join('echo', echo.port);
  return { edge, echo };
}

async function open(edge: TestEdge, path = '/ws/ticker', ...rest: [string[]?, object?]): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${edge.port}${path}`, ...(rest as []));
  await once(socket, 'open');
  return socket;
}

test('text and binary messages of all sizes come back whole and in order', async () => {
  const { edge } = await withEcho();
  await using _ = edge;
  const socket = await open(edge);
  const received: Buffer[] = [];
  socket.on('message', (data: Buffer) => received.push(data));
  const sizes = [0, 1, 125, 126, 65_535, 65_536, 1_000_000];
  for (const size of sizes) socket.send(Buffer.alloc(size, size % 251));
  socket.send('grüezi');
  await until(() => received.length === sizes.length + 1, 'all are back');
  for (const [i, size] of sizes.entries()) assert.deepEqual(received[i], Buffer.alloc(size, size % 251));
  assert.equal(String(received.at(-1)), 'grüezi');
  socket.close();
  await once(socket, 'close');
});

test('close codes and reasons pass in both directions', async () => {
  const { edge, echo } = await withEcho();
  await using _ = edge;
  const told = await open(edge);
  told.send('close 4001');
  const [code, reason] = await once(told, 'close');
  assert.equal(code, 4001);
  assert.equal(String(reason), 'as told');
  const telling = await open(edge);
  telling.close(4002, 'enough');
  await until(() => echo.closes.length === 2, 'the service is told');
  assert.deepEqual(echo.closes[1], [4002, 'enough']);
});

test('the subprotocol is agreed on, and forwarding headers are those of the edge', async () => {
  const { edge } = await withEcho();
  await using _ = edge;
  const socket = await open(edge, '/ws', ['v2.ticker', 'v1.ticker'], {
    headers: { 'x-forwarded-for': '6.6.6.6', 'goblin-actor': 'root' },
  });
  assert.equal(socket.protocol, 'v2.ticker');
  socket.send('headers');
  const [data] = await once(socket, 'message');
  const headers = JSON.parse(String(data)) as Record<string, string>;
  assert.equal(headers['x-forwarded-for'], '127.0.0.1');
  assert.equal(headers['goblin-actor'], undefined);
  assert.match(headers.traceparent!, /^00-/);
  socket.close();
});

test('a service that does not agree, and a route that does not exist, answer as HTTP', async () => {
  await using edge = await testEdge({
    routes: [{ path: '/ws/*', to: 'plain' }],
    services: {
      plain: (_request, response) => void response.writeHead(403, { 'x-why': 'because' }).end('no'),
    },
  });
  const refused = new WebSocket(`ws://127.0.0.1:${edge.port}/ws`);
  const [, answer] = await once(refused, 'unexpected-response');
  assert.equal(answer.statusCode, 403);
  assert.equal(answer.headers['x-why'], 'because');
  const lost = new WebSocket(`ws://127.0.0.1:${edge.port}/other`);
  const [, notFound] = await once(lost, 'unexpected-response');
  assert.equal(notFound.statusCode, 404);
  assert.equal(notFound.headers['content-type'], 'application/problem+json');
});

test('a handshake is tried on another instance when the first cannot be reached', async () => {
  const { edge, echo } = await withEcho();
  await using _ = edge;
  edge.join('echo', 9, 'echo-dead');
  for (let i = 0; i < 6; i++) (await open(edge)).close();
  assert.ok(echo.closes.length <= 6);
});

test('a client that does not read slows its service down', async () => {
  const { edge, echo } = await withEcho();
  await using _ = edge;
  const socket = await open(edge);
  socket.pause();
  socket.send('flood');
  let before = -1;
  while (echo.sent() !== before) {
    before = echo.sent();
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  assert.ok(echo.sent() < 32 * 1_048_576, `${echo.sent()} bytes left the service`);
  socket.terminate();
});

test('a WebSocket that is quiet for too long is closed with 1001, on both sides', async () => {
  const { edge, echo } = await withEcho({ limits: { tunnelIdleMs: 200 } });
  await using _ = edge;
  const socket = await open(edge);
  socket.send('hello');
  await once(socket, 'message');
  const [code] = await once(socket, 'close');
  assert.equal(code, 1001);
  await until(() => echo.closes.length === 1, 'the service is told');
  assert.equal(echo.closes[0]![0], 1001);
});

test('when the edge stops, WebSockets are closed with 1001', async () => {
  const { edge, echo } = await withEcho();
  const socket = await open(edge);
  const closed = once(socket, 'close');
  await edge.edge.stop();
  assert.equal((await closed)[0], 1001);
  await until(() => echo.closes.length === 1, 'the service is told');
  await edge[Symbol.asyncDispose]();
  assert.match(edge.telemetry.metrics.expose('prometheus'), /edge_websockets_active\{route="\/ws\/\*"\} 0/);
});

test('an upgrade to something else is answered as if it had not been asked for', async () => {
  await using edge = await testEdge({
    routes: [{ path: '/*', to: 'plain' }],
    services: { plain: (request, response) => response.end(`upgrade: ${request.headers.upgrade}`) },
  });
  const answer = await edge.raw(
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n\r\n',
  );
  assert.match(answer, /^HTTP\/1\.1 200/);
  assert.match(answer, /upgrade: undefined/);
});
