/** Clients that break the rules, by mistake or on purpose: each gets a coded answer or is cut off, and the server
 * goes on serving everybody else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openHandles } from '../testing/open-handles.ts';
import { rawClient } from '../testing/raw-client.ts';
import { type ServedProbe, serveProbe } from '../testing/serve-probe.ts';
import { until } from '../testing/until.ts';

const ECHO_BODY = '{"text":"hello"}';
const ECHO_HEAD = 'POST /probe.v1/echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';
const ECHO = `${ECHO_HEAD}content-length: ${ECHO_BODY.length}\r\n\r\n${ECHO_BODY}`;

async function stillServes(served: ServedProbe): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${served.url}/probe.v1/echo`, { method: 'POST', headers, body: ECHO_BODY });
  assert.deepEqual(await response.json(), { text: 'hello' });
}

function statusOf(received: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(received)?.[1]);
}

test('what is not HTTP is answered 400 with a problem', async () => {
  await using served = await serveProbe();
  for (const nonsense of [
    'hello\r\n\r\n',
    '\x16\x03\x01\x02\x00',
    'GET / HTTP/9.9\r\n\r\n',
    'GET /\x01 HTTP/1.1\r\n\r\n',
  ]) {
    using client = await rawClient(served.server.port);
    client.send(nonsense);
    const received = await client.end();
    assert.equal(statusOf(received), 400, received);
    assert.match(received, /"code":"MALFORMED_REQUEST"/);
  }
  await stillServes(served);
});

test('two lengths at once, the way requests are smuggled, are refused', async () => {
  await using served = await serveProbe();
  const lengths = [
    'content-length: 5\r\ntransfer-encoding: chunked\r\n',
    'content-length: 5\r\ncontent-length: 6\r\n',
    'transfer-encoding: chunked, identity\r\n',
    'content-length: +5\r\n',
  ];
  for (const length of lengths) {
    using client = await rawClient(served.server.port);
    client.send(`${ECHO_HEAD}${length}\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nhost: x\r\n\r\n`);
    const received = await client.end();
    assert.equal(statusOf(received), 400, received);
    assert.doesNotMatch(received, /"ok":true/);
  }
});

test('headers over the limit are answered 431', async () => {
  await using served = await serveProbe({ limits: { maxHeaderBytes: 4_096 } });
  using client = await rawClient(served.server.port);
  client.send(`GET /healthz HTTP/1.1\r\nhost: x\r\nx-long: ${'x'.repeat(8_000)}\r\n\r\n`);
  const received = await client.end();
  assert.equal(statusOf(received), 431);
  assert.match(received, /"code":"HEADERS_TOO_LARGE"/);
  await stillServes(served);
});

test('a body over the limit is answered 413, declared or in chunks, and the connection stays good', async () => {
  await using served = await serveProbe({ limits: { maxBodyBytes: 1_000 } });
  using declared = await rawClient(served.server.port);
  declared.send(`${ECHO_HEAD}content-length: 5000\r\n\r\n${'x'.repeat(5_000)}${ECHO}`);
  const received = await declared.receive('"text":"hello"');
  assert.equal(statusOf(received), 413);
  assert.match(received, /5000 bytes; the limit is 1000/);
  using chunked = await rawClient(served.server.port);
  chunked.send(`${ECHO_HEAD}transfer-encoding: chunked\r\n\r\n`);
  for (let i = 0; i < 4; i++) chunked.send(`1f4\r\n${'x'.repeat(500)}\r\n`);
  chunked.send(`0\r\n\r\n${ECHO}`);
  assert.equal(statusOf(await chunked.receive('"text":"hello"')), 413);
});

test('a client that asks first is told before it sends a body over the limit', async () => {
  await using served = await serveProbe({ limits: { maxBodyBytes: 1_000 } });
  using refused = await rawClient(served.server.port);
  refused.send(`${ECHO_HEAD}content-length: 5000\r\nexpect: 100-continue\r\n\r\n`);
  assert.equal(statusOf(await refused.receive('PAYLOAD_TOO_LARGE')), 413);
  using welcome = await rawClient(served.server.port);
  welcome.send(`${ECHO_HEAD}content-length: ${ECHO_BODY.length}\r\nexpect: 100-continue\r\n\r\n`);
  await welcome.receive('100 Continue');
  welcome.send(ECHO_BODY);
  await welcome.receive('{"text":"hello"}');
});

test('a request that does not arrive in time is answered 408, in its head or in its body', async () => {
  await using served = await serveProbe({ limits: { requestTimeoutMs: 60 } });
  for (const begun of [
    'POST /probe.v1/echo HTTP/1.1\r\nhost',
    `${ECHO_HEAD}content-length: 100\r\n\r\n{"te`,
  ]) {
    using client = await rawClient(served.server.port);
    client.send(begun);
    const received = await client.end();
    assert.equal(statusOf(received), 408, received);
    assert.match(received, /"code":"REQUEST_TIMEOUT"/);
  }
  await stillServes(served);
});

test('a connection on which nothing is asked is closed', async () => {
  await using served = await serveProbe({ limits: { idleTimeoutMs: 50 } });
  using client = await rawClient(served.server.port);
  client.send(ECHO);
  await client.receive('"text":"hello"');
  await client.end();
});

test('connections over the limit are closed at once, the others are served', async () => {
  await using served = await serveProbe({ limits: { maxConnections: 2 } });
  using first = await rawClient(served.server.port);
  using second = await rawClient(served.server.port);
  second.send(ECHO);
  await second.receive('"text":"hello"');
  using third = await rawClient(served.server.port);
  assert.equal(await third.end(), '');
  first.send(ECHO);
  await first.receive('"text":"hello"');
});

test('pipelined requests are answered in order', async () => {
  await using served = await serveProbe();
  using client = await rawClient(served.server.port);
  const bodies = Array.from({ length: 20 }, (_, i) => `{"text":"number ${i}."}`);
  client.send(bodies.map((body) => `${ECHO_HEAD}content-length: ${body.length}\r\n\r\n${body}`).join(''));
  const received = await client.receive('number 19.');
  assert.deepEqual(
    received.match(/number \d+/g),
    bodies.map((_, i) => `number ${i}`),
  );
});

test('nonsense after a request that still runs does not come between it and its answer', async () => {
  await using served = await serveProbe();
  using client = await rawClient(served.server.port);
  const hang = ECHO_HEAD.replace('echo', 'hang');
  client.send(`${hang}content-length: 2\r\n\r\n{}${hang}content-length: 2\r\n\r\n{}nonsense\r\n\r\n`);
  assert.equal(await client.end(), '');
  await until(() => served.record.running === 0, 'the handlers have ended');
});

test('a client gone in the middle of its body leaves nothing behind', async () => {
  await using served = await serveProbe();
  const before = openHandles().sockets;
  for (let i = 0; i < 20; i++) {
    const client = await rawClient(served.server.port);
    client.send(`${ECHO_HEAD}content-length: 1000\r\n\r\n{"text"`);
    client.socket.resetAndDestroy();
  }
  await until(() => openHandles().sockets <= before, 'its connections are closed');
  await stillServes(served);
});

test('a client that closes its half has gone: what it asked for ends', async () => {
  await using served = await serveProbe();
  using client = await rawClient(served.server.port);
  client.send(`${ECHO_HEAD.replace('echo', 'hang')}content-length: 2\r\n\r\n{}`);
  await until(() => served.record.running === 1, 'the handler runs');
  client.socket.end();
  await until(() => served.record.running === 0, 'the handler has ended');
  await client.end();
});

test('a target may be a whole URL', async () => {
  await using served = await serveProbe();
  using client = await rawClient(served.server.port);
  client.send(ECHO.replace('/probe.v1/echo', 'http://anything.example/probe.v1/echo'));
  await client.receive('"text":"hello"');
});

test('odd targets are answered, whatever they are', async () => {
  await using served = await serveProbe({
    files: { '/': '/nonexistent' },
    routes: { 'GET /r/:x': () => new Response() },
  });
  const targets = [
    '*',
    '/%',
    '/r/%zz',
    '//',
    '/..',
    '/../../etc/passwd',
    '/%2e%2e/',
    '/\\',
    '/?',
    '/a?b=%',
    'http://',
    'x:/',
  ];
  for (const target of targets) {
    using client = await rawClient(served.server.port);
    client.send(`GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    const status = statusOf(await client.end());
    assert.ok(status === 404 || status === 400, `${target}: ${status}`);
  }
  using badHost = await rawClient(served.server.port);
  badHost.send('GET /r/1 HTTP/1.1\r\nhost: a b\r\nconnection: close\r\n\r\n');
  assert.equal(statusOf(await badHost.end()), 400);
});

test('damaged requests never stop the server', async () => {
  await using served = await serveProbe();
  const random = mulberry32(20_260_101);
  const seeds = [
    ECHO,
    'GET /probe.v1/read?connect=v1&encoding=json&message=%7B%22text%22%3A%22a%22%7D HTTP/1.1\r\nhost: x\r\n\r\n',
    `${ECHO_HEAD}transfer-encoding: chunked\r\n\r\n10\r\n${ECHO_BODY}\r\n0\r\n\r\n`,
    `${ECHO_HEAD.replace('echo', 'count').replace('json', 'connect+json')}content-length: 7\r\n\r\n\0\0\0\0\x02{}`,
    'GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
  ];
  for (let round = 0; round < 300; round++) {
    const bytes = Buffer.from(seeds[round % seeds.length]!, 'latin1');
    for (let n = 1 + Math.floor(random() * 4); n > 0; n--)
      bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    using client = await rawClient(served.server.port);
    client.send(random() < 0.3 ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes);
    client.socket.end();
    await client.end();
  }
  await stillServes(served);
});

/** A small random generator with a seed, so that what fails can be repeated. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
