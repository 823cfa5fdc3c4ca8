import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { openSocket, testEdge, until } from './testing/test-edge.ts';

const MEGABYTE = 1_048_576;
const routes = [{ path: '/*', to: 'peer', maxBody: '1gb' as const }];

test('an answer streams: each piece arrives while the next is not yet made', async () => {
  const pieces: (() => void)[] = [];
  await using edge = await testEdge({
    routes,
    services: {
      peer: (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('data: 0\n\n');
        for (const n of [1, 2]) pieces.push(() => response.write(`data: ${n}\n\n`));
        pieces.push(() => response.end());
      },
    },
  });
  const answer = await edge.fetch('/events');
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  for (const n of [0, 1, 2]) {
    assert.equal((await reader.read()).value, `data: ${n}\n\n`);
    pieces.shift()!();
  }
  assert.equal((await reader.read()).done, true);
});

test('a request body streams: a service reads the first piece before the last is sent', async () => {
  const seen: string[] = [];
  await using edge = await testEdge({
    routes,
    services: {
      peer: async (request, response) => {
        for await (const chunk of request) seen.push(String(chunk));
        response.end(seen.join('|'));
      },
    },
  });
  const request = httpRequest({ port: edge.port, method: 'POST', agent: false });
  request.write('one');
  await until(() => seen.length === 1, 'the first piece is with the service');
  request.end('two');
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let body = '';
  for await (const chunk of response) body += chunk;
  assert.equal(body, 'one|two');
});

test('a client that reads slowly slows its instance down; the edge holds little', async () => {
  let sent = 0;
  let isPaused = false;
  const total = 64 * MEGABYTE;
  await using edge = await testEdge({
    routes,
    services: {
      peer: (_request, response) => {
        const piece = Buffer.alloc(MEGABYTE / 4);
        const more = (): void => {
          while (sent < total) {
            sent += piece.length;
            if (!response.write(piece)) {
              isPaused = true;
              response.once('drain', more);
              return;
            }
          }
          response.end();
        };
        more();
      },
    },
  });
  const socket = await openSocket(edge.port);
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  await until(() => isPaused, 'the service is told to wait');
  const before = sent;
  await until(() => steady(() => sent), 'nothing moves any more');
  assert.ok(sent < total / 2, `${sent} bytes left the service though nobody read (${before} at first)`);
  let received = 0;
  socket.on('data', (chunk) => {
    received += chunk.length;
  });
  socket.resume();
  await once(socket, 'close');
  assert.ok(received > total, `${received} of ${total} bytes and the head arrived in the end`);
});

test('a service that reads slowly slows the client down', async () => {
  const reading = Promise.withResolvers<void>();
  await using edge = await testEdge({
    routes,
    services: {
      peer: async (request, response) => {
        await reading.promise;
        let size = 0;
        for await (const chunk of request) size += (chunk as Buffer).length;
        response.end(String(size));
      },
    },
  });
  const total = 64 * MEGABYTE;
  const request = httpRequest({
    port: edge.port,
    method: 'POST',
    headers: { 'content-length': total },
    agent: false,
  });
  const piece = Buffer.alloc(MEGABYTE / 4);
  let sent = 0;
  const more = (): void => {
    while (sent < total) {
      sent += piece.length;
      if (!request.write(piece)) return void request.once('drain', more);
    }
    request.end();
  };
  more();
  await until(() => steady(() => sent), 'nothing moves any more');
  assert.ok(sent < total / 2, `${sent} bytes left the client though nobody read`);
  reading.resolve();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let body = '';
  for await (const chunk of response) body += chunk;
  assert.equal(body, String(total));
});

test('a client that goes away cancels its request at the service, before the answer and during it', async () => {
  const gone: string[] = [];
  await using edge = await testEdge({
    routes,
    services: {
      peer: (request, response) => {
        response.on('close', () => gone.push(request.url!));
        if (request.url === '/streaming') response.write('a');
      },
    },
  });
  for (const path of ['/waiting', '/streaming']) {
    const leaving = new AbortController();
    const answer = edge.fetch(path, { signal: leaving.signal }).catch(() => {});
    if (path === '/streaming') await answer;
    else
      await until(
        () => edge.telemetry.metrics.expose('prometheus').includes('http_server_active_requests 1'),
        'it runs',
      );
    leaving.abort();
    await until(() => gone.includes(path), `${path} is cancelled`);
  }
  await until(() => edge.lines.length === 2, 'both are logged');
  assert.deepEqual(
    edge.lines.map(({ path, status }) => [path, status]),
    [
      ['/waiting', 499],
      ['/streaming', 200],
    ],
  );
});

test('an answer that breaks off half way is not passed on as a whole one', async () => {
  await using edge = await testEdge({
    routes,
    services: {
      peer: (_request, response) => {
        response.writeHead(200, { 'content-length': MEGABYTE });
        response.write(Buffer.alloc(MEGABYTE / 2), () => response.destroy());
      },
    },
  });
  const answer = await edge.fetch('/');
  assert.equal(answer.status, 200);
  await assert.rejects(answer.arrayBuffer());
  await until(() => edge.lines.length > 0, 'it is logged');
  assert.equal(edge.lines[0]!.code, 'CONNECTION_FAILED');
});

/** Whether a figure has not changed for a while. */
function steady(read: () => number): boolean {
  const now = performance.now();
  const value = read();
  if (value !== last.value) last = { value, since: now };
  return now - last.since > 150;
}
let last = { value: -1, since: 0 };
