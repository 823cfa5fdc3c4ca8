import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { isGoblinError } from '@goblin/core';
import { openSocket, testEdge, until } from './testing/test-edge.ts';

const routes = [{ path: '/*', to: 'shop' }];

test('stopping finishes what runs, refuses what is new and ends within its time', async () => {
  let release = (): void => {};
  await using edge = await testEdge({
    routes,
    services: {
      shop: (_request, response) => {
        release = () => response.end('done');
        response.flushHeaders();
      },
    },
  });
  const idle = await openSocket(edge.port);
  const answer = await edge.fetch('/');
  const stopped = edge.edge.stop(3_000);
  assert.equal(edge.edge.state, 'draining');
  await once(idle, 'close');
  await assert.rejects(edge.fetch('/'));
  release();
  assert.equal(await answer.text(), 'done');
  await stopped;
  assert.equal(edge.edge.state, 'stopped');
});

test('what does not finish in time is answered 503, not dropped', async () => {
  let running = 0;
  await using edge = await testEdge({ routes, services: { shop: () => void running++ } });
  const answer = edge.fetch('/');
  await until(() => running === 1, 'it runs');
  await edge.edge.stop(100);
  assert.equal((await answer).status, 503);
  assert.equal((await answer).headers.get('connection'), 'close');
});

test('an answer that never ends is cut off when the time is over', async () => {
  await using edge = await testEdge({
    routes,
    services: {
      shop: (_request, response) => {
        const more = (): void => void (response.destroyed || response.write(Buffer.alloc(65_536), more));
        more();
      },
    },
  });
  const answer = await edge.fetch('/');
  await edge.edge.stop(200);
  await assert.rejects(answer.arrayBuffer());
  await until(() => edge.lines.some((line) => line.code === 'UNAVAILABLE'), 'it is logged');
});

test('new routes are in place at once, and wrong ones change nothing', async () => {
  await using edge = await testEdge({
    routes,
    services: {
      shop: (_request, response) => response.end('shop'),
      admin: (_request, response) => response.end('admin'),
    },
  });
  edge.edge.reload({ routes: [{ path: '/admin', to: 'admin' }, ...routes] });
  assert.equal(await (await edge.fetch('/admin')).text(), 'admin');
  assert.throws(
    () => edge.edge.reload({ routes: [{ path: 'wrong', to: 'shop' }] }),
    (error) => isGoblinError(error, 'CONFIG_INVALID'),
  );
  assert.equal(await (await edge.fetch('/admin')).text(), 'admin');
});

test('a port that is taken is PORT_IN_USE', async () => {
  await using edge = await testEdge({ routes });
  await assert.rejects(
    testEdge({ routes, port: edge.port }),
    (error) => isGoblinError(error, 'PORT_IN_USE') && error.message.includes(String(edge.port)),
  );
});

test('its own /healthz, /readyz and /metrics answer a caller on this machine, and nobody else', async () => {
  await using edge = await testEdge({
    routes,
    services: { shop: (_request, response) => response.end('shop') },
  });
  assert.deepEqual(await (await edge.fetch('/healthz')).json(), { ok: true });
  assert.deepEqual(await (await edge.fetch('/readyz')).json(), { ok: true });
  assert.match(await (await edge.fetch('/metrics')).text(), /http_server_active_requests 1/);
  assert.equal((await edge.fetch('/metrics', { headers: { 'x-forwarded-for': '1.2.3.4' } })).status, 404);
  assert.equal((await edge.fetch('/metrics', { method: 'POST' })).status, 404);
  const fromOutside = await edge.raw(
    'GET /metrics HTTP/1.1\r\nHost: shop.example.com\r\nConnection: close\r\n\r\n',
  );
  assert.match(fromOutside, /^HTTP\/1\.1 404/);
});

test('what services say of themselves and to each other is not opened to the world by a pattern', async () => {
  await using edge = await testEdge({
    routes,
    services: { shop: (_request, response) => response.end('shop') },
  });
  for (const path of ['/.goblin/peers', '/metrics/', '/readyz/x']) {
    assert.equal((await edge.fetch(path)).status, 404, path);
  }
  assert.equal((await edge.fetch('/metrics-of-success')).status, 200);
});

test('a route that names one of them takes it', async () => {
  await using edge = await testEdge({
    routes: [{ path: '/healthz', to: 'shop' }, ...routes],
    services: { shop: (_request, response) => response.end('shop') },
  });
  assert.equal(await (await edge.fetch('/healthz')).text(), 'shop');
});
