import assert from 'node:assert/strict';
import { test } from 'node:test';
import { context } from '@goblin/core';
import { rawClient } from '../testing/raw-client.ts';
import { serveProbe } from '../testing/serve-probe.ts';
import { until } from '../testing/until.ts';

const ECHO =
  'POST /probe.v1/echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n{"text":"a"}';

test('what runs is answered, on a connection that then closes', async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  let running = false;
  await using served = await serveProbe({
    routes: {
      'GET /slow': async () => {
        running = true;
        await gate;
        return new Response('done');
      },
    },
  });
  using client = await rawClient(served.server.port);
  client.send('GET /slow HTTP/1.1\r\nhost: x\r\n\r\n');
  await until(() => running, 'the route runs');
  const drained = served.server.drain(5_000);
  open();
  const received = await client.end();
  assert.match(received, /^HTTP\/1\.1 200/);
  assert.match(received, /connection: close/i);
  assert.match(received, /done$/);
  await drained;
});

test('idle connections are closed at once and new ones refused', async () => {
  await using served = await serveProbe();
  using idle = await rawClient(served.server.port);
  idle.send(ECHO);
  await idle.receive('"text":"a"');
  await served.server.drain(5_000);
  await idle.end();
  await assert.rejects(rawClient(served.server.port), { code: 'ECONNREFUSED' });
});

test('an answer that its client has not read yet is not cut', async () => {
  const size = 20_000_000;
  await using served = await serveProbe({ routes: { 'GET /big': () => new Response('x'.repeat(size)) } });
  const response = await fetch(`${served.url}/big`);
  const drained = served.server.drain(5_000);
  assert.equal((await response.arrayBuffer()).byteLength, size);
  await drained;
});

test('what cannot finish in time is cancelled and answered UNAVAILABLE', async () => {
  await using served = await serveProbe({
    routes: {
      'GET /stuck': () =>
        new Promise<Response>((_, reject) =>
          context.signal.addEventListener('abort', () => reject(context.signal.reason)),
        ),
    },
  });
  const headers = { 'content-type': 'application/json' };
  const call = fetch(`${served.url}/probe.v1/hang`, { method: 'POST', headers, body: '{}' });
  const route = fetch(`${served.url}/stuck`);
  await until(() => served.record.running === 1, 'the handler runs');
  await served.server.drain(300);
  for (const response of [await call, await route]) {
    assert.equal(response.status, 503);
    const text = await response.text();
    assert.match(text, /UNAVAILABLE/);
    assert.doesNotMatch(text, /started/);
  }
});

test('whoever does not even take an answer is cut off, and the drain ends', async (t) => {
  await using served = await serveProbe({
    routes: {
      'GET /endless': () =>
        new Response(new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(65_536)) })),
    },
  });
  using client = await rawClient(served.server.port);
  client.send('GET /endless HTTP/1.1\r\nhost: x\r\n\r\n');
  await client.receive('200 OK');
  client.socket.pause();
  const began = performance.now();
  // The answer has no end, and its reader reads no more of it.
  await served.server.drain(100);
  t.diagnostic(`it took ${Math.round(performance.now() - began)} ms`);
});
