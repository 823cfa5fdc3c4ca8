import assert from 'node:assert/strict';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { test } from 'node:test';
import { answerHeaders, endToEndHeaders } from './headers.ts';
import { testEdge } from './testing/test-edge.ts';

test('headers of the connection stay on it, with those that Connection names', () => {
  const kept = endToEndHeaders(
    [
      'Connection',
      'X-Once, close',
      'X-Once',
      '1',
      'Keep-Alive',
      '5',
      'TE',
      'trailers',
      'Trailer',
      'X',
      'Upgrade',
      'h2c',
      'Proxy-Authorization',
      'p',
      'Accept',
      '*/*',
    ],
    'X-Once, close',
  );
  assert.deepEqual(kept, ['accept', '*/*']);
  const answer = answerHeaders({
    connection: 'x-private',
    'x-private': '1',
    'keep-alive': '5',
    'goblin-internal': '1',
    etag: '"a"',
    'set-cookie': ['a', 'b'],
  });
  assert.deepEqual(answer, ['etag', '"a"', 'set-cookie', 'a', 'set-cookie', 'b']);
});

test('what only the inside may say is taken off, also when it is spelled with underscores', () => {
  const kept = endToEndHeaders(
    [
      'Goblin-Tenant',
      'x',
      'GOBLIN_ACTOR',
      'x',
      'X_Forwarded_For',
      'x',
      'X-Forwarded-Prefix',
      'x',
      'Forwarded',
      'x',
      'X-Real-IP',
      'x',
      'Baggage',
      'x',
      'my_header',
      'y',
    ],
    undefined,
  );
  assert.deepEqual(kept, ['my_header', 'y']);
});

interface Seen {
  headers: IncomingHttpHeaders;
}

async function through(
  headers: Record<string, string>,
  trusted: string[] = [],
): Promise<{ seen: IncomingHttpHeaders; answer: IncomingHttpHeaders }> {
  await using edge = await testEdge({
    routes: [{ path: '/*', to: 'echo' }],
    services: {
      echo: (request, response) => {
        response.setHeader('connection', 'x-hop');
        response.setHeader('x-hop', '1');
        response.setHeader('x-request-id', 'of the service');
        response.setHeader('goblin-debug', '1');
        response.end(JSON.stringify({ headers: request.headers }));
      },
    },
    spec: { trustedProxies: trusted },
  });
  const { promise, resolve, reject } = Promise.withResolvers<{
    body: string;
    headers: IncomingHttpHeaders;
  }>();
  httpRequest({ port: edge.port, headers, agent: false }, async (response) => {
    let body = '';
    for await (const chunk of response) body += chunk;
    resolve({ body, headers: response.headers });
  })
    .on('error', reject)
    .end();
  const { body, headers: answer } = await promise;
  return { seen: (JSON.parse(body) as Seen).headers, answer };
}

const SPOOFED = {
  host: 'shop.example.com',
  'x-forwarded-for': '6.6.6.6',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'evil.example.com',
  forwarded: 'for=6.6.6.6',
  'x-request-id': 'chosen',
  baggage: 'client.address=6.6.6.6',
  'goblin-tenant': 'acme',
  'goblin-actor': 'root',
  'idempotency-key': 'key-1',
  authorization: 'Bearer t',
};

test('a stranger cannot say who it is: forwarding headers are written anew, the rest arrives', async () => {
  const { seen, answer } = await through(SPOOFED);
  assert.equal(seen.host, 'shop.example.com');
  assert.equal(seen['x-forwarded-for'], '127.0.0.1');
  assert.equal(seen['x-forwarded-proto'], 'http');
  assert.equal(seen['x-forwarded-host'], 'shop.example.com');
  assert.equal(seen.baggage, 'client.address=127.0.0.1');
  assert.match(String(seen['x-request-id']), /^[0-9a-f-]{36}$/);
  for (const name of ['forwarded', 'goblin-tenant', 'goblin-actor'])
    assert.equal(seen[name], undefined, name);
  assert.equal(seen['idempotency-key'], 'key-1');
  assert.equal(seen.authorization, 'Bearer t');
  assert.equal(answer['x-request-id'], seen['x-request-id']);
  for (const name of ['x-hop', 'goblin-debug']) assert.equal(answer[name], undefined, name);
});

test('a trusted proxy is believed, and its address is added', async () => {
  const { seen } = await through(SPOOFED, ['127.0.0.0/8']);
  assert.equal(seen['x-forwarded-for'], '6.6.6.6, 127.0.0.1');
  assert.equal(seen['x-forwarded-proto'], 'https');
  assert.equal(seen['x-forwarded-host'], 'evil.example.com');
  assert.equal(seen.baggage, 'client.address=6.6.6.6');
  assert.equal(seen['x-request-id'], 'chosen');
  assert.equal(seen['goblin-tenant'], undefined, 'who is calling is not for a proxy to say');
});

test('the trace of a caller on this machine goes on, with the span of the edge as parent', async () => {
  const { seen } = await through({
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    tracestate: 'a=1',
  });
  assert.match(
    String(seen.traceparent),
    /^00-0af7651916cd43dd8448eb211c80319c-(?!b7ad6b7169203331)[0-9a-f]{16}-01$/,
  );
  assert.equal(seen.tracestate, 'a=1');
});
