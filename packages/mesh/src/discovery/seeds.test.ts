import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { isGoblinError, systemClock, virtualClock } from '@goblin/core';
import type { Announcement } from '../peer.ts';
import { clusterKey } from './cluster-key.ts';
import type { Directory } from './directory.ts';
import type { RunningFinder } from './finder.ts';
import {
  EXCHANGE_PATH,
  exchangeRequest,
  MAX_EXCHANGE_BYTES,
  type PeerExchange,
  peerExchange,
} from './peer-exchange.ts';
import { parseSeedsSetting, seeds } from './seeds.ts';
import { announcement, type TestProcess, testProcess, until } from './testing/recorder.ts';

interface Seed extends AsyncDisposable {
  readonly address: string;
  readonly process: TestProcess;
  requests: number;
}

/** A process that answers exchanges, as the HTTP server of a service does. */
async function startSeed(
  process: TestProcess,
  exchange: PeerExchange = peerExchange(process),
): Promise<Seed> {
  const server = createServer(async (request, response) => {
    seed.requests++;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const answer = request.url === EXCHANGE_PATH ? exchange(Buffer.concat(chunks)) : undefined;
    response.writeHead(answer ? 200 : 403).end(answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const seed: Seed = {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    process,
    requests: 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      process.directory.close();
    },
  };
  return seed;
}

async function join(process: TestProcess, ...addresses: string[]): Promise<RunningFinder & AsyncDisposable> {
  const running = await seeds(addresses).start(process);
  const stop = async (): Promise<void> => {
    await running.stop();
    process.directory.close();
  };
  return { ...running, [Symbol.asyncDispose]: stop };
}

const names = (directory: Directory): string[] => directory.peers.map((peer) => peer.instance);

test('processes that know one seed know each other', async () => {
  await using seed = await startSeed(testProcess(announcement('seed-1')));
  const [one, two] = [testProcess(announcement('tax-1')), testProcess(announcement('shop-1'))];
  await using first = await join(one, seed.address);
  await until('the first knows the seed', () => names(one.directory).includes('seed-1'));
  await using _second = await join(two, seed.address);
  await until('the second knows both', () => two.directory.peers.length === 2);
  first.announce();
  await until('the first knows both', () => one.directory.peers.length === 2);
  assert.deepEqual(names(seed.process.directory), ['shop-1', 'tax-1']);
});

test('a change and a goodbye are told at once', async () => {
  await using seed = await startSeed(testProcess(announcement('seed-1')));
  const { directory } = seed.process;
  let self: Announcement = announcement('tax-1', { state: 'starting' });
  const running = await join({ ...testProcess(self), self: () => self }, seed.address);
  await until('it is known', () => directory.peers.length === 1);
  self = { ...self, state: 'ready', incarnation: 2 };
  running.announce();
  await until('it is ready', () => directory.answering('tax.v1').length === 1);
  await running[Symbol.asyncDispose]();
  assert.deepEqual(names(directory), []);
  assert.deepEqual([...directory.departed], [['tax-1', 2]]);
});

test('exchanges go on every few seconds, and who is not confirmed for 15 s is forgotten', async () => {
  const clock = virtualClock();
  const client = testProcess(announcement('tax-1'), { clock, random: () => 0.5 });
  const seed = await startSeed(testProcess(announcement('seed-1'), { clock }));
  await using _running = await join(client, seed.address);
  for (let exchange = 1; exchange < 8; exchange++) {
    await until(
      `exchange ${exchange} is done`,
      () => client.telemetry.value('mesh_seed_exchanges_total{ok}') === exchange,
    );
    await clock.advance(3_000);
  }
  assert.deepEqual(names(client.directory), ['seed-1']);
  await seed[Symbol.asyncDispose]();
  await clock.advance(16_000);
  assert.deepEqual(names(client.directory), []);
});

test('hearsay grows old on its way: two processes do not keep a third alive between them', async () => {
  const clock = virtualClock();
  const [one, two] = [announcement('tax-1'), announcement('shop-1')].map((self) =>
    testProcess(self, { clock }),
  );
  const answer = peerExchange(one!);
  one!.directory.heard(announcement('gone-1'), { by: 'seeds', at: clock.now(), forMs: 15_000 });
  for (let second = 0; second < 20; second++) {
    const request = exchangeRequest(two!, false);
    assert.equal(request.accept(answer(request.body)!)?.instance, 'tax-1');
    assert.equal(names(two!.directory).includes('gone-1'), second < 15, `after ${second} s`);
    await clock.advance(1_000);
  }
  assert.deepEqual(names(one!.directory), ['shop-1']);
});

test('a goodbye reaches those whom it was not said to', () => {
  const [one, two] = [testProcess(announcement('tax-1')), testProcess(announcement('shop-1'))];
  two.directory.heard(announcement('gone-1'), { by: 'seeds', at: systemClock.now(), forMs: 15_000 });
  one.directory.goodbye('gone-1', 1);
  const request = exchangeRequest(two, false);
  request.accept(peerExchange(one)(request.body)!);
  assert.deepEqual(names(two.directory), ['tax-1']);
});

test('five thousand peers fit into exchanges of bounded size, and all get their turn', async () => {
  const clock = virtualClock();
  const [one, two] = [announcement('tax-1'), announcement('shop-1')].map((self) =>
    testProcess(self, { clock }),
  );
  const sighting = { by: 'seeds', at: 0, forMs: 15_000 };
  for (let i = 0; i < 4_999; i++) one!.directory.heard(announcement(`many-${i}`), sighting);
  const answer = peerExchange(one!);
  let rounds = 0;
  for (; two!.directory.peers.length < 4_900 && rounds < 50; rounds++) {
    const request = exchangeRequest(two!, false);
    const body = answer(request.body)!;
    assert.ok(body.length <= MAX_EXCHANGE_BYTES, `${body.length} bytes`);
    request.accept(body);
  }
  assert.ok(rounds < 50, `${two!.directory.peers.length} known after ${rounds} exchanges`);
});

test('requests and answers that are repeated, of others, old, changed or no messages at all change nothing', async () => {
  const clock = virtualClock();
  const seed = testProcess(announcement('seed-1'), { clock });
  const answer = peerExchange(seed);
  const client = testProcess(announcement('tax-1'), { clock });
  const first = exchangeRequest(client, false);
  const firstAnswer = answer(first.body)!;
  assert.ok(firstAnswer);
  assert.equal(answer(first.body), undefined);
  assert.equal(exchangeRequest(client, false).accept(firstAnswer), undefined);
  assert.equal(first.accept(first.body), undefined);

  const stranger = testProcess(announcement('evil-1'), {
    clock,
    key: clusterKey({ cluster: 'tests', secret: 'quite another secret' }),
  });
  assert.equal(answer(exchangeRequest(stranger, false).body), undefined);
  const old = exchangeRequest(client, false).body;
  await clock.advance(60_000);
  assert.equal(answer(old), undefined);
  const changed = Buffer.from(exchangeRequest(client, false).body);
  changed[50]! ^= 1;
  assert.equal(answer(changed), undefined);
  for (const text of ['', 'null', '[]', '{"kind":"request"}', '{"kind":"request","peers":[null]}']) {
    assert.equal(answer(seed.clusterKey.seal(Buffer.from(text))), undefined, text);
  }
  assert.equal(answer(Buffer.alloc(MAX_EXCHANGE_BYTES + 1)), undefined);
  assert.equal(seed.telemetry.value('mesh_exchange_refused_total'), 10);
});

test('a seed that is away is reported once, not fatal, and used when it comes', async () => {
  const clock = virtualClock();
  const client = testProcess(announcement('tax-1'), { clock, random: () => 0.5 });
  const away = await startSeed(testProcess(announcement('seed-0'), { clock }));
  await away[Symbol.asyncDispose]();
  await using seed = await startSeed(testProcess(announcement('seed-1'), { clock }));
  await using _running = await join(client, away.address, seed.address);
  await until('the other seed answers', () => names(client.directory).includes('seed-1'));
  const failed = (): number => client.telemetry.value('mesh_seed_exchanges_total{failed}');
  for (let round = 1; round < 4; round++) {
    await until('it failed', () => failed() === round);
    await clock.advance(3_000);
  }
  assert.equal(client.telemetry.warnings.length, 1);
  assert.match(client.telemetry.warnings[0]!, /127\.0\.0\.1:\d+.* did not exchange peers: .*ECONNREFUSED/);
});

test('a seed with another key, one that answers nonsense and one that answers without end are reported', async () => {
  const key = clusterKey({ cluster: 'tests', secret: 'quite another secret' });
  await using stranger = await startSeed(testProcess(announcement('seed-1'), { key }));
  await using broken = await startSeed(testProcess(announcement('seed-2')), () => Buffer.from('nonsense'));
  await using endless = await startSeed(testProcess(announcement('seed-3')), () =>
    Buffer.alloc(MAX_EXCHANGE_BYTES * 2),
  );
  for (const [seed, complaint] of [
    [stranger, /does not know our key/],
    [broken, /not sealed with our key/],
    [endless, /larger than/],
  ] as const) {
    const client = testProcess(announcement('tax-1'));
    await using _running = await join(client, seed.address);
    await until('it is reported', () => client.telemetry.warnings.length === 1);
    assert.match(client.telemetry.warnings[0]!, complaint);
    assert.deepEqual(names(client.directory), []);
  }
});

test('being one of the seeds oneself does no harm', async () => {
  const process = testProcess(announcement('seed-1'));
  await using seed = await startSeed(process);
  await using _running = await join(process, seed.address);
  await until(
    'it exchanged with itself',
    () => process.telemetry.value('mesh_seed_exchanges_total{ok}') === 1,
  );
  assert.deepEqual(names(process.directory), []);
});

test('a hung seed does not keep a process from stopping', async () => {
  const hung = createServer(() => {});
  hung.listen(0, '127.0.0.1');
  await once(hung, 'listening');
  const running = await join(
    testProcess(announcement('tax-1')),
    `127.0.0.1:${(hung.address() as AddressInfo).port}`,
  );
  const began = performance.now();
  await running[Symbol.asyncDispose]();
  assert.ok(performance.now() - began < 1_500);
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
