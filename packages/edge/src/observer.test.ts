import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { testEdge, until } from './testing/test-edge.ts';

test('each request is one log line without its query, one span and one measured duration', async () => {
  let traceparent: string | undefined;
  await using edge = await testEdge({
    routes: [{ path: '/users/:id', to: 'users' }],
    services: {
      users: async (request, response) => {
        traceparent = request.headers.traceparent as string;
        for await (const _ of request);
        response.writeHead(201).end('hello');
      },
    },
  });
  const answer = await edge.fetch('/users/7?token=secret', { method: 'POST', body: 'abc' });
  assert.equal(await answer.text(), 'hello');
  await until(() => edge.lines.length === 1, 'it is logged');
  const { ms, ...line } = edge.lines[0]!;
  assert.ok((ms as number) > 0);
  assert.deepEqual(line, {
    message: 'POST /users/7 201',
    method: 'POST',
    path: '/users/7',
    route: '/users/:id',
    to: 'users',
    peer: 'users-0',
    status: 201,
    bytesIn: 3,
    bytesOut: 5,
    client: '127.0.0.1',
  });
  assert.doesNotMatch(JSON.stringify(edge.lines), /secret/);
  const [span] = edge.telemetry.spans;
  assert.equal(traceparent, `00-${span!.traceId}-${span!.spanId}-01`);
  assert.equal(span!.kind, 'server');
  assert.equal(span!.attributes['http.route'], '/users/:id');
  assert.equal(span!.attributes['http.response.status_code'], 201);
  const metrics = edge.telemetry.metrics.expose('prometheus');
  assert.match(
    metrics,
    /http_server_request_duration_seconds_count\{method="POST",route="\/users\/:id",status="201",to="users"\} 1/,
  );
  assert.match(metrics, /http_server_active_requests 0/);
});

test('a failure is logged with its code and reason, and its span is marked failed', async () => {
  await using edge = await testEdge({
    routes: [{ path: '/*', to: 'shop' }],
    services: { shop: (request) => request.socket.destroy() },
  });
  await edge.fetch('/', { method: 'POST' });
  await until(() => edge.lines.some((line) => line.path === '/'), 'it is logged');
  const line = edge.lines.find(({ path }) => path === '/')!;
  assert.equal(line.code, 'CONNECTION_FAILED');
  assert.match(String(line.reason), /shop-0/);
  assert.equal(edge.telemetry.spans[0]!.error?.code, 'CONNECTION_FAILED');
});

test('methods that strangers invent do not become series of their own', async () => {
  await using edge = await testEdge({ routes: [] });
  await edge.raw('PURGE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  await until(() => edge.lines.length === 1, 'it is logged');
  assert.match(edge.telemetry.metrics.expose('prometheus'), /method="_OTHER",route="\(none\)",status="404"/);
});

test('docs/reference/metrics.md has a line for every metric of the edge, as it is', async () => {
  await using edge = await testEdge({ routes: [] });
  const page = await readFile(new URL('../../../docs/reference/metrics.md', import.meta.url), 'utf8');
  const ours = page.slice(page.indexOf('## @goblin/edge'));
  const helps = [
    ...edge.telemetry.metrics.expose('prometheus').matchAll(/^# HELP ((?:edge|http_server)_\S+) (.*)$/gm),
  ];
  assert.ok(helps.length >= 5);
  for (const [, name, help] of helps) {
    const line = ours.split('\n').find((text) => text.startsWith(`| \`${name}\` |`));
    assert.ok(line?.endsWith(`| ${help} |`), `${name}: ${line}`);
  }
});
