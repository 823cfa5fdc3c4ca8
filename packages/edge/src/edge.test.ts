import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testEdge } from './testing/test-edge.ts';

test('a request goes to the service that its route names, and its answer comes back as it is', async () => {
  await using edge = await testEdge({
    routes: [
      { path: '/v1/payments/*', to: 'payments' },
      { path: '/*', to: 'shop' },
    ],
    services: {
      payments: (request, response) => {
        response.writeHead(201, { 'x-service': 'payments', 'set-cookie': ['a=1', 'b=2'] });
        request.pipe(response);
      },
      shop: (request, response) => response.end(`shop ${request.url}`),
    },
  });
  const paid = await edge.fetch('/v1/payments', { method: 'POST', body: '{"minor":1999}' });
  assert.equal(paid.status, 201);
  assert.equal(paid.headers.get('x-service'), 'payments');
  assert.deepEqual(paid.headers.getSetCookie(), ['a=1', 'b=2']);
  assert.equal(await paid.text(), '{"minor":1999}');
  assert.equal(await (await edge.fetch('/?q=1')).text(), 'shop /?q=1');
});

test('a host and path that no route takes is NOT_FOUND as problem details with request and trace id', async () => {
  await using edge = await testEdge({ routes: [{ path: '/a/*', to: 'a' }] });
  const answer = await edge.fetch('/b');
  assert.equal(answer.status, 404);
  assert.equal(answer.headers.get('content-type'), 'application/problem+json');
  const problem = (await answer.json()) as Record<string, unknown>;
  assert.equal(problem.code, 'NOT_FOUND');
  assert.equal(problem.status, 404);
  assert.equal(problem.requestId, answer.headers.get('x-request-id'));
  assert.match(String(problem.traceId), /^[0-9a-f]{32}$/);
});
