import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import type { Health } from '@goblin/core';
import { serveProbe } from '../testing/serve-probe.ts';
import { httpTransport } from './http-transport.ts';

test('a living instance says so', async () => {
  await using served = await serveProbe();
  const response = await fetch(`${served.url}/healthz`);
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), { ok: true });
  const head = await fetch(`${served.url}/healthz`, { method: 'HEAD' });
  assert.equal(head.status, 200);
});

test('an instance is ready when all its checks are, and says which are not', async () => {
  let checks: Record<string, Health> = { database: { ok: true } };
  await using served = await serveProbe({ readiness: async () => checks });
  const ready = await fetch(`${served.url}/readyz`);
  assert.equal(ready.status, 200);
  assert.equal(ready.headers.get('cache-control'), 'no-store');
  checks = { database: { ok: false, detail: 'no connection' }, disk: { ok: true } };
  const unready = await fetch(`${served.url}/readyz`);
  assert.equal(unready.status, 503);
  assert.deepEqual(await unready.json(), { ok: false, checks });
});

test('metrics come in the format that the scraper asks for', async () => {
  await using served = await serveProbe();
  const body = '{"text":"x"}';
  const headers = { 'content-type': 'application/json' };
  await (await fetch(`${served.url}/probe.v1/echo`, { method: 'POST', headers, body })).text();
  const plain = await fetch(`${served.url}/metrics`);
  assert.equal(plain.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  const text = await plain.text();
  assert.match(text, /rpc_server_call_duration_seconds_count\{.*procedure="echo".*\} 1/);
  assert.match(text, /^http_server_open_connections [12]$/m);
  assert.match(text, /^http_server_active_requests 1$/m);
  const open = await fetch(`${served.url}/metrics`, { headers: { accept: 'application/openmetrics-text' } });
  assert.equal(
    open.headers.get('content-type'),
    'application/openmetrics-text; version=1.0.0; charset=utf-8',
  );
  assert.match(await open.text(), /# EOF\n$/);
});

test('docs/reference/metrics.md has a line for every metric of HTTP and WebSockets, as it is', async () => {
  await using served = await serveProbe();
  const transport = httpTransport({ telemetry: served.telemetry });
  const page = await readFile(new URL('../../../../docs/reference/metrics.md', import.meta.url), 'utf8');
  const ours = served.telemetry.metrics.instruments().filter(({ name }) => /^(http|websocket)_/.test(name));
  assert.ok(ours.length >= 6);
  for (const { name, kind, unit, labels, help } of ours) {
    const cells = [`\`${name}\``, kind, unit, labels.map((label) => `\`${label}\``).join(', '), help];
    const line = `|${cells.map((cell) => (cell === '' ? ' ' : ` ${cell} `)).join('|')}|`;
    assert.ok(page.includes(line), `${line} is not on the page`);
  }
  await transport.close();
});

test('what is read only cannot be posted to', async () => {
  await using served = await serveProbe();
  const response = await fetch(`${served.url}/metrics`, { method: 'POST', body: 'x' });
  assert.equal(response.status, 405);
  assert.equal(response.headers.get('allow'), 'GET, HEAD');
});

test('peers are exchanged with who has the key, and with nobody else', async () => {
  const peerExchange = (sealed: Uint8Array): Uint8Array | undefined =>
    Buffer.from(sealed).toString() === 'sealed' ? Buffer.from('answer') : undefined;
  await using served = await serveProbe({ peerExchange });
  const url = `${served.url}/.goblin/peers`;
  const known = await fetch(url, { method: 'POST', body: 'sealed' });
  assert.equal(known.headers.get('content-type'), 'application/octet-stream');
  assert.equal(await known.text(), 'answer');
  assert.equal((await fetch(url, { method: 'POST', body: 'guess' })).status, 403);
  assert.equal((await fetch(url)).status, 405);
  await using without = await serveProbe();
  assert.equal((await fetch(`${without.url}/.goblin/peers`, { method: 'POST', body: 'sealed' })).status, 404);
});

test('a port that is taken is named', async () => {
  await using served = await serveProbe();
  const { port } = served.server;
  await assert.rejects(serveProbe({ port }), {
    code: 'PORT_IN_USE',
    message: new RegExp(`127.0.0.1:${port} is taken`),
  });
});
