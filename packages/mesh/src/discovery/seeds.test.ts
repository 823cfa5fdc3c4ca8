import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { isGoblinError } from '@goblin/core';
import { joinMesh, type Mesh } from '../mesh.ts';
import { clusterKey } from './cluster-key.ts';
import type { Finder } from './finder.ts';
import { MAX_EXCHANGE_BYTES, type PeerExchange } from './peer-exchange.ts';
import { parseSeedsSetting, seeds } from './seeds.ts';
import { type Recorder, recorder, SECRET, until } from './testing/recorder.ts';

interface TestMesh extends AsyncDisposable {
  readonly mesh: Mesh;
  readonly telemetry: Recorder;
  /** Of its HTTP server. */
  readonly address: string;
}

/** A service: a mesh and the HTTP server that others exchange with. */
async function start(
  instance: string,
  finders: readonly Finder[] = [],
  { secret = SECRET, exchange }: { secret?: string; exchange?: PeerExchange } = {},
): Promise<TestMesh> {
  const telemetry = recorder();
  const service = instance.split('-')[0]!;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const answer = (exchange ?? mesh.peerExchange)(Buffer.concat(chunks));
    response.writeHead(answer ? 200 : 403).end(answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const mesh = await joinMesh({
    self: { instance, service, version: '1', contracts: [`${service}.v1`], address: undefined },
    finders,
    clusterKey: clusterKey({ cluster: 'tests', secret }),
    telemetry,
    transport: { name: 'none', call: async () => undefined, close: async () => {} },
  });
  mesh.announce({ address: { host: '127.0.0.1', port }, state: 'ready' });
  return {
    mesh,
    telemetry,
    address: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      await mesh.stop();
      server.closeAllConnections();
      server.close();
    },
  };
}

const names = ({ mesh }: TestMesh): string[] => mesh.directory.peers.map((peer) => peer.instance).sort();

test('processes that know one seed know each other', async () => {
  await using seed = await start('seed-1');
  await using one = await start('tax-1', [seeds([seed.address])]);
  await using two = await start('shop-1', [seeds([seed.address])]);
  for (const each of [seed, one, two]) {
    await until('all know all', () => names(each).join() === 'seed-1,shop-1,tax-1');
  }
});

test('twenty processes with one seed know each other within a second or two, changes and goodbyes at once', async () => {
  await using stack = new AsyncDisposableStack();
  const seed = stack.use(await start('seed-1'));
  const all = [seed];
  for (let i = 0; i < 20; i++) all.push(stack.use(await start(`tax-${i}`, [seeds([seed.address])])));
  await until('all know all', () =>
    all.every(({ mesh }) => mesh.directory.answering('tax.v1').length === 20),
  );
  all[5]!.mesh.announce({ state: 'draining' });
  await until('all know of the change', () =>
    all.every(({ mesh }) => mesh.directory.answering('tax.v1').length === 19),
  );
  await all[7]!.mesh.stop();
  await until('all know of the goodbye', () =>
    all.every(({ mesh }, i) => i === 7 || mesh.directory.answering('tax.v1').length === 18),
  );
});

test('a seed with another key, one that answers nonsense, one that answers without end and none are reported', async () => {
  await using stranger = await start('seed-1', [], { secret: 'quite another secret' });
  await using broken = await start('seed-2', [], { exchange: () => Buffer.from('nonsense') });
  await using endless = await start('seed-3', [], { exchange: () => Buffer.alloc(MAX_EXCHANGE_BYTES * 2) });
  for (const [address, complaint] of [
    [stranger.address, /does not know our key/],
    [broken.address, /not sealed with our key/],
    [endless.address, /larger than/],
    ['127.0.0.1:1', /127\.0\.0\.1:1 did not exchange peers: .*ECONNREFUSED/],
  ] as const) {
    await using client = await start('tax-1', [seeds([address])]);
    await until('it is reported', () => client.telemetry.warnings.length === 1);
    assert.match(client.telemetry.warnings[0]!, complaint);
    assert.deepEqual(names(client), ['tax-1']);
    assert.equal(client.telemetry.value('mesh_finder_contacts_total{seeds,failed}'), 1);
  }
});

test('a hung seed does not keep a process from stopping', async (t) => {
  let asked = 0;
  const hung = createServer(() => void asked++);
  hung.listen(0, '127.0.0.1');
  await once(hung, 'listening');
  const client = await start('tax-1', [seeds([`127.0.0.1:${(hung.address() as AddressInfo).port}`])]);
  await until('it is asked', () => asked > 0);
  const began = performance.now();
  await client[Symbol.asyncDispose]();
  t.diagnostic(`stopped after ${Math.round(performance.now() - began)} ms`);
  assert.deepEqual(client.telemetry.warnings, [], 'it has waited until the exchange was given up');
  hung.closeAllConnections();
  hung.close();
});

test('seeds are written host:port', () => {
  assert.deepEqual(parseSeedsSetting(' 10.0.0.7:4100, seed.example:80,[fd00::7]:4100 '), [
    '10.0.0.7:4100',
    'seed.example:80',
    '[fd00::7]:4100',
  ]);
  assert.deepEqual(parseSeedsSetting(''), []);
  for (const wrong of ['10.0.0.7', 'http://seed:80', 'seed:port', 'seed:99999', 'a b:1', 'seed:80/path']) {
    assert.throws(
      () => parseSeedsSetting(wrong),
      (error) => isGoblinError(error, 'CONFIG_INVALID') && error.message.includes('host:port'),
      wrong,
    );
  }
  assert.throws(() => seeds(Array.from({ length: 65 }, (_, i) => `seed-${i}:80`)), /too many/);
});
