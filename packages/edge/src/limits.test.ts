import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { openSocket, testEdge, until } from './testing/test-edge.ts';

const ok = { shop: (_request: unknown, response: { end(body: string): void }) => void response.end('ok') };

test('calls beyond the limit of a route are 429 with Retry-After and RateLimit headers; other routes are not touched', async () => {
  await using edge = await testEdge({
    routes: [
      { path: '/login', to: 'shop', limit: '3/m per client' },
      { path: '/*', to: 'shop' },
    ],
    services: ok,
  });
  for (let left = 2; left >= 0; left--) {
    const answer = await edge.fetch('/login');
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('ratelimit')!, new RegExp(`^"client";r=${left};t=\\d+$`));
  }
  for (const path of ['/login', '/login/', '/%6Cogin']) {
    const refused = await edge.fetch(path);
    assert.equal(refused.status, 429, path);
    assert.equal(refused.headers.get('retry-after'), '20');
    assert.equal(refused.headers.get('ratelimit-policy'), '"client";q=3;w=60');
    assert.equal(((await refused.json()) as { code: string }).code, 'RESOURCE_EXHAUSTED');
  }
  assert.equal((await edge.fetch('/')).status, 200);
});

test('a limit per tenant counts each tenant alone, and services are told who it is', async () => {
  const tenants: unknown[] = [];
  await using edge = await testEdge({
    routes: [{ path: '/*', to: 'shop', limit: '1/m per tenant' }],
    services: {
      shop: (request, response) => {
        tenants.push(request.headers['goblin-tenant']);
        response.end();
      },
    },
    tenantOf: (request) => request.headers['x-api-key'] as string | undefined,
  });
  const statuses: number[] = [];
  for (const key of ['acme', 'acme', 'zürich ag']) {
    statuses.push(
      (await edge.fetch('/', { headers: { 'x-api-key': encodeURIComponent(key), 'goblin-tenant': 'evil' } }))
        .status,
    );
  }
  assert.deepEqual(statuses, [200, 429, 200]);
  assert.deepEqual(tenants, ['acme', encodeURIComponent(encodeURIComponent('zürich ag'))]);
});

test('behind a trusted proxy each client is counted alone; a stranger cannot pretend to be many', async () => {
  for (const [trustedProxies, expected] of [
    [['127.0.0.1'], [200, 200, 200]],
    [[], [200, 429, 429]],
  ] as const) {
    await using edge = await testEdge({
      routes: [{ path: '/*', to: 'shop', limit: '1/m per client' }],
      services: ok,
      spec: { trustedProxies },
    });
    const statuses: number[] = [];
    for (const address of ['1.1.1.1', '2.2.2.2', '3.3.3.3']) {
      statuses.push((await edge.fetch('/', { headers: { 'x-forwarded-for': address } })).status);
    }
    assert.deepEqual(statuses, expected);
  }
});

test('requests of one route beyond what may run at once are 503, and the others still run', async () => {
  const waiting: (() => void)[] = [];
  await using edge = await testEdge({
    routes: [
      { path: '/slow', to: 'shop' },
      { path: '/*', to: 'shop' },
    ],
    services: {
      shop: (request, response) => {
        if (request.url === '/slow') waiting.push(() => response.end('slow'));
        else response.end('fast');
      },
    },
    limits: { maxActivePerRoute: 2 },
  });
  const slow = [edge.fetch('/slow'), edge.fetch('/slow')];
  await until(() => waiting.length === 2, 'two run');
  const refused = await edge.fetch('/slow');
  assert.equal(refused.status, 503);
  assert.equal(refused.headers.get('retry-after'), '1');
  assert.equal(await (await edge.fetch('/fast')).text(), 'fast');
  for (const release of waiting) release();
  for (const answer of slow) assert.equal((await answer).status, 200);
});

test('connections beyond the limit are closed as they come', async () => {
  await using edge = await testEdge({
    routes: [{ path: '/*', to: 'shop' }],
    services: ok,
    limits: { maxConnections: 2 },
  });
  const first = await openSocket(edge.port);
  const second = await openSocket(edge.port);
  const third = await openSocket(edge.port);
  await once(third, 'close');
  first.destroy();
  second.destroy();
});

test('a client that takes nothing of its answer is cut off', async () => {
  await using edge = await testEdge({
    routes: [{ path: '/*', to: 'shop' }],
    services: {
      shop: (_request, response) => {
        response.on('error', () => {});
        for (let i = 0; i < 64; i++) response.write(Buffer.alloc(1_048_576));
      },
    },
    limits: { stalledClientMs: 200 },
  });
  const socket = await openSocket(edge.port);
  socket.pause();
  socket.on('error', () => {});
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await until(() => edge.lines.some((line) => line.path === '/'), 'the request has ended at the edge');
  socket.destroy();
});
