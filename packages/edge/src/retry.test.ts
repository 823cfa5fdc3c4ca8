import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startPeer, type TestEdge, type TestPeer, testEdge, until } from './testing/test-edge.ts';

const opened: TestPeer[] = [];
after(async () => {
  for (const peer of opened) await peer[Symbol.asyncDispose]();
});

/** Two instances of one service, of which the first does something else. */
async function withBadInstance(bad: Parameters<typeof startPeer>[0], hits: string[] = []): Promise<TestEdge> {
  const edge = await testEdge({ routes: [{ path: '/*', to: 'shop', timeout: '3s' }] });
  const peers = [
    await startPeer((request, response) => {
      hits.push('bad');
      bad(request, response);
    }),
    await startPeer(async (request, response) => {
      hits.push('good');
      let body = '';
      for await (const chunk of request) body += chunk;
      response.end(`good ${body}`);
    }),
  ];
  opened.push(...peers);
  edge.join('shop', peers[0]!.port, 'shop-bad');
  edge.join('shop', peers[1]!.port, 'shop-good');
  return edge;
}

const REPEATABLE: readonly [string, RequestInit][] = [
  ['GET', {}],
  ['PUT with a body', { method: 'PUT', body: 'x'.repeat(60_000) }],
  ['DELETE', { method: 'DELETE' }],
  ['POST with an Idempotency-Key', { method: 'POST', body: 'pay', headers: { 'idempotency-key': 'k' } }],
];

const FAILURES: Readonly<Record<string, Parameters<typeof startPeer>[0]>> = {
  'closes the connection before the answer': (request) => request.socket.destroy(),
  'breaks off in the middle of a small answer': (_request, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('half', () => response.destroy());
  },
  'answers 503': (_request, response) => void response.writeHead(503).end('later'),
};

for (const [failure, bad] of Object.entries(FAILURES)) {
  test(`when an instance ${failure}, requests that may be repeated succeed on another`, async () => {
    const hits: string[] = [];
    await using edge = await withBadInstance(bad, hits);
    for (let round = 0; round < 3; round++) {
      for (const [name, init] of REPEATABLE) {
        const answer = await edge.fetch('/', init);
        assert.equal(answer.status, 200, name);
        assert.equal(await answer.text(), `good ${init.body ?? ''}`, name);
      }
    }
    assert.ok(hits.includes('bad'), 'the bad instance was tried');
  });
}

test('a POST without a key that may have been carried out is not repeated', async () => {
  const hits: string[] = [];
  await using edge = await testEdge({ routes: [{ path: '/*', to: 'shop' }] });
  const peer = await startPeer((request) => {
    hits.push('hit');
    request.resume().on('end', () => request.socket.destroy());
  });
  opened.push(peer);
  edge.join('shop', peer.port, 'shop-1');
  edge.join('shop', peer.port, 'shop-2');
  const answer = await edge.fetch('/', { method: 'POST', body: 'pay' });
  assert.equal(answer.status, 503);
  assert.equal(((await answer.json()) as { code: string }).code, 'CONNECTION_FAILED');
  assert.deepEqual(hits, ['hit']);
});

test('a POST whose connection could not be opened was surely not carried out, and is repeated', async () => {
  await using edge = await testEdge({ routes: [{ path: '/*', to: 'shop' }] });
  const dead = await startPeer(() => {});
  await dead[Symbol.asyncDispose]();
  const good = await startPeer((_request, response) => response.end('good'));
  opened.push(good);
  edge.join('shop', dead.port, 'shop-dead');
  edge.join('shop', good.port, 'shop-good');
  for (const body of ['small', 'x'.repeat(200_000)]) {
    for (let i = 0; i < 4; i++) {
      const answer = await edge.fetch('/', { method: 'POST', body });
      assert.equal(await answer.text(), 'good');
    }
  }
});

test('the 503 of the only instance goes to the client as it is', async () => {
  await using edge = await testEdge({
    routes: [{ path: '/*', to: 'shop' }],
    services: {
      shop: (_request, response) =>
        void response.writeHead(503, { 'retry-after': '120' }).end('closed for inventory'),
    },
  });
  for (const method of ['GET', 'POST']) {
    const answer = await edge.fetch('/', { method });
    assert.equal(answer.status, 503);
    assert.equal(answer.headers.get('retry-after'), '120');
    assert.equal(await answer.text(), 'closed for inventory');
  }
});

test('a hung instance costs a delay, not a request', async () => {
  await using edge = await withBadInstance(() => {});
  for (let i = 0; i < 3; i++) assert.equal((await edge.fetch('/')).status, 200);
});

test('no answer within the time of the route is 504, and the instance is told to stop', async () => {
  let stopped = false;
  await using edge = await testEdge({
    routes: [{ path: '/*', to: 'shop', timeout: '200ms' }],
    services: {
      shop: (_request, response) => {
        response.on('close', () => {
          stopped = true;
        });
      },
    },
  });
  const answer = await edge.fetch('/', { method: 'POST' });
  assert.equal(answer.status, 504);
  assert.equal(((await answer.json()) as { code: string }).code, 'DEADLINE_EXCEEDED');
  await until(() => stopped, 'the instance is told');
});

test('a service without an instance is 503 NO_PEER with Retry-After', async () => {
  await using edge = await testEdge({ routes: [{ path: '/*', to: 'nobody', timeout: '200ms' }] });
  const answer = await edge.fetch('/');
  assert.equal(answer.status, 503);
  assert.equal(answer.headers.get('retry-after'), '1');
  assert.equal(((await answer.json()) as { code: string }).code, 'NO_PEER');
});

test('bytes from an instance that are no HTTP are 502, and its address is not told to strangers', async () => {
  await using edge = await testEdge({
    routes: [{ path: '/*', to: 'shop' }],
    services: { shop: (request) => void request.socket.end('garbage\r\n\r\n') },
  });
  const answer = await edge.fetch('/');
  assert.equal(answer.status, 502);
  assert.doesNotMatch(await answer.text(), /127\.0\.0\.1|shop-0/);
});

const refuse: Parameters<typeof startPeer>[0] = (_request, response) =>
  void response
    .writeHead(429, { 'goblin-not-started': '1', 'retry-after': '2', 'content-type': 'text/plain' })
    .end('busy');

test('a POST that an overloaded instance refused without beginning it is sent to another', async () => {
  const hits: string[] = [];
  await using edge = await withBadInstance(refuse, hits);
  for (let i = 0; i < 6; i++) {
    const answer = await edge.fetch('/', { method: 'POST', body: 'pay' });
    assert.equal(await answer.text(), 'good pay');
  }
  assert.ok(hits.includes('bad'), 'the busy instance was tried');
});

test('the refusal of the only instance goes to the client, with when to come again and without our own header', async () => {
  await using edge = await testEdge({ routes: [{ path: '/*', to: 'shop' }], services: { shop: refuse } });
  const answer = await edge.fetch('/', { method: 'POST', body: 'pay' });
  assert.equal(answer.status, 429);
  assert.equal(answer.headers.get('retry-after'), '2');
  assert.equal(answer.headers.get('goblin-not-started'), null);
  assert.equal(await answer.text(), 'busy');
});
