import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { connect as connectSecurely } from 'node:tls';
import { clientOf, procedureService, testTelemetry } from '@goblin/core';
import { type HttpServer, type HttpServerOptions, httpServer } from '../http/http-server.ts';
import { httpTransport } from '../http/http-transport.ts';
import { peerAt } from '../testing/peer-at.ts';
import { testCredentials } from '../testing/test-credentials.ts';
import { probe, probeHandlers } from '../testing/transport-cases.ts';
import { until } from '../testing/until.ts';
import { HELLO, PREFACE } from './frames.ts';
import { linkServer } from './link-server.ts';
import { linkTransport } from './link-transport.ts';
import { hello, RawLink } from './testing/raw-link.ts';

const credentials = testCredentials();
const REQUEST =
  'POST /probe.v1/echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n{"text":"x"}';

interface House extends AsyncDisposable {
  readonly server: HttpServer;
}

async function house(options: Partial<HttpServerOptions> = {}): Promise<House> {
  const telemetry = testTelemetry();
  const handlers = probeHandlers({ running: 0, made: 0, ended: undefined });
  const services = [{ contract: probe, procedures: procedureService(probe, handlers, telemetry) }];
  const server = await httpServer({
    host: '127.0.0.1',
    port: 0,
    telemetry,
    services,
    links: linkServer({ services, telemetry }),
    readiness: async () => ({}),
    ...options,
  });
  return { server, [Symbol.asyncDispose]: () => server.drain(500) };
}

/** What comes back until `wanted` has come. */
async function receive(socket: Socket, wanted: string): Promise<string> {
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
  });
  await until(() => received.includes(wanted) || socket.destroyed, `${wanted} has come`);
  return received;
}

test('links and HTTP are answered at the same port, at the same time', async () => {
  await using h = await house();
  const peer = peerAt(h.server);
  for (const transport of [linkTransport(), httpTransport(), linkTransport()]) {
    const client = clientOf(probe, (call) => transport.call(peer, call));
    const answers = await Promise.all(['a', 'b', 'c'].map((text) => client.echo({ text })));
    assert.deepEqual(answers, [{ text: 'a' }, { text: 'b' }, { text: 'c' }]);
    await transport.close();
  }
});

test('a request is the same in whichever pieces it comes, and several may come at once', async () => {
  await using h = await house();
  const bytewise = connect(h.server.port, '127.0.0.1');
  for (const byte of Buffer.from(REQUEST)) {
    bytewise.write(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.match(await receive(bytewise, '{"text":"x"}'), /^HTTP\/1\.1 200/);
  const pipelined = connect(h.server.port, '127.0.0.1');
  pipelined.write(REQUEST + REQUEST + REQUEST.slice(0, 50));
  await receive(pipelined, '{"text":"x"}');
  pipelined.write(REQUEST.slice(50));
  const received = receive(pipelined, '{"text":"x"}');
  await received;
  bytewise.destroy();
  pipelined.destroy();
});

test('a kept connection serves request after request', async () => {
  await using h = await house();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ports = new Set<number | undefined>();
  for (let i = 0; i < 5; i++) {
    const request = get({ host: '127.0.0.1', port: h.server.port, path: '/healthz', agent });
    const [response] = await once(request, 'response');
    ports.add(request.socket?.localPort);
    assert.equal(response.statusCode, 200);
    response.resume();
    await once(response, 'end');
  }
  assert.equal(ports.size, 1);
  agent.destroy();
});

test('what is neither is answered as bad HTTP', async () => {
  await using h = await house();
  for (const bytes of ['\x16\x03\x01\x02\x00\x01', '\x00\x01\x02\x03', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n']) {
    const socket = connect(h.server.port, '127.0.0.1');
    socket.write(Buffer.from(bytes, 'latin1'));
    assert.match(await receive(socket, 'MALFORMED_REQUEST'), /^HTTP\/1\.1 400/);
    socket.destroy();
  }
});

test('a connection that stays silent is closed', async () => {
  await using h = await house({ limits: { requestTimeoutMs: 50 } });
  const socket = connect(h.server.port, '127.0.0.1').resume();
  await once(socket, 'close');
});

test('a client that ends its connection before it has said anything is let go at once', async () => {
  await using h = await house();
  const socket = connect(h.server.port, '127.0.0.1').resume();
  await once(socket, 'connect');
  socket.end();
  // The server closes its half too.
  await once(socket, 'close');
});

test('silent connections, links and requests do not keep a server from stopping', async () => {
  const h = await house();
  const silent = connect(h.server.port, '127.0.0.1').resume();
  using link = new RawLink(connect(h.server.port, '127.0.0.1'));
  link.send(PREFACE, hello());
  await link.receive(HELLO);
  const client = connect(h.server.port, '127.0.0.1');
  client.write(REQUEST);
  await receive(client, '{"text":"x"}');
  await h.server.drain(300);
  await until(() => silent.destroyed && link.ended, 'all are closed');
  client.destroy();
});

test('with credentials, links come by TLS only, and both sides show theirs; HTTP comes by both', async () => {
  await using h = await house({ tls: { ...credentials, requestCert: true } });
  const peer = peerAt(h.server);
  const secure = linkTransport({ tls: credentials });
  const calls = clientOf(probe, (call) => secure.call(peer, call));
  assert.deepEqual(await calls.echo({ text: 'x' }), { text: 'x' });
  await secure.close();

  for (const transport of [linkTransport(), linkTransport({ tls: { ca: credentials.ca } })]) {
    const client = clientOf(probe, (call) => transport.call(peer, call));
    await assert.rejects(client.echo({ text: 'x' }), { code: 'CONNECTION_FAILED' });
    await transport.close();
  }

  const https = connectSecurely({ host: '127.0.0.1', port: h.server.port, ...credentials });
  https.write(REQUEST);
  assert.match(await receive(https, '{"text":"x"}'), /^HTTP\/1\.1 200/);
  https.destroy();
  const http = httpTransport();
  assert.deepEqual(await clientOf(probe, (call) => http.call(peer, call)).echo({ text: 'x' }), { text: 'x' });
  await http.close();
});

test('a TLS handshake that breaks off or is none harms nobody', async () => {
  await using h = await house({ tls: credentials });
  for (const bytes of ['\x16', '\x16\x03\x01\x00\x05hello']) {
    const socket = connect(h.server.port, '127.0.0.1');
    socket.write(Buffer.from(bytes, 'latin1'));
    socket.end();
    socket.resume();
    await once(socket, 'close');
  }
  const secure = linkTransport({ tls: credentials });
  const client = clientOf(probe, (call) => secure.call(peerAt(h.server), call));
  assert.deepEqual(await client.echo({ text: 'x' }), { text: 'x' });
  await secure.close();
});
