import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { testTelemetry } from '@goblin/core';
import { type ControlDoor, clusterKey, controlDoor, type Peer, sendOrder } from '@goblin/mesh';
import { testEdge } from './testing/test-edge.ts';

const KEY = clusterKey({ cluster: 'tests', secret: 'a secret for tests, not for clusters' });
const EDGE: Omit<Peer, 'address'> = {
  instance: 'edge-1',
  service: 'edge',
  version: '1',
  contracts: [],
  state: 'ready',
  incarnation: 1,
  startedAt: 1_000,
};
const SENDER = { self: { ...EDGE, instance: 'cli-1', address: undefined }, clusterKey: KEY };
const routes = [{ path: '/*', to: 'shop' }];
/** A pair that nobody trusts. */
const PAIR =
  'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=edge.example -keyout edge.key -out edge.pem';

const at = (port: number): Peer => ({ ...EDGE, address: { host: '127.0.0.1', port } });

function control(): ControlDoor {
  const { log, metrics } = testTelemetry();
  return controlDoor({ clusterKey: KEY, self: () => EDGE, orders: { echo: (args) => args }, log, metrics });
}

test('an edge takes sealed orders, whoever brings them, and refuses all others', async () => {
  await using edge = await testEdge({
    routes,
    services: { shop: (_request, response) => response.end('shop') },
    doors: { control: control() },
  });
  assert.deepEqual(await sendOrder(SENDER, at(edge.port), 'echo', ['x']), ['x']);
  const path = '/.goblin/control';
  assert.equal((await edge.fetch(path, { method: 'POST', body: 'a guess' })).status, 403);
  assert.equal((await edge.fetch(path, { method: 'POST' })).status, 403);
  assert.equal((await edge.fetch(path, { method: 'POST', body: 'x'.repeat(65_537) })).status, 413);
  assert.equal((await edge.fetch(path)).status, 404);
  assert.equal(await (await edge.fetch('/')).text(), 'shop');
});

test('an edge that speaks nothing but TLS is given orders all the same', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'goblin-orders-'));
  after(() => rm(folder, { recursive: true, force: true }));
  execFileSync('openssl', PAIR.split(' '), { cwd: folder, stdio: 'ignore' });
  const tls = { cert: join(folder, 'edge.pem'), key: join(folder, 'edge.key') };
  await using edge = await testEdge({ routes, spec: { tls }, doors: { control: control() } });
  assert.deepEqual(await sendOrder(SENDER, at(edge.port), 'echo', { by: 'TLS' }), { by: 'TLS' });
  await assert.rejects(sendOrder(SENDER, at(edge.port), 'nothing'), { code: 'UNIMPLEMENTED' });
});
