import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { type Call, contract, GoblinError, isGoblinError } from '@goblin/core';
import { z } from 'zod';
import { beacon } from './discovery/beacon.ts';
import { clusterKey } from './discovery/cluster-key.ts';
import { recorder, SECRET, until } from './discovery/testing/recorder.ts';
import { writeExchange } from './membership/exchange-message.ts';
import { joinMesh, type Mesh } from './mesh.ts';
import type { Announcement, Peer } from './peer.ts';
import type { Transport } from './transport.ts';

const tax = contract('tax.v1', {
  quote: { input: z.string(), output: z.string(), idempotent: true },
  rates: { input: z.string(), output: z.string(), stream: true, idempotent: true },
});

/** Answers in this process as the peer would, by its instance's name. */
function transportTo(answer: (peer: Peer, call: Call) => Promise<unknown>): Transport & { closed: boolean } {
  return {
    name: 'test',
    closed: false,
    call: answer,
    async close() {
      this.closed = true;
    },
  };
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

interface Joining {
  port?: number;
  transport?: Transport;
  telemetry?: ReturnType<typeof recorder>;
  self?: Partial<Announcement>;
}

function join(instance: string, { port, transport, telemetry, self }: Joining = {}): Promise<Mesh> {
  return joinMesh({
    self: { instance, service: undefined, version: '1', contracts: [], address: undefined, ...self },
    finders: port === undefined ? [] : [beacon({ port })],
    clusterKey: clusterKey({ cluster: 'tests', secret: SECRET }),
    telemetry: telemetry ?? recorder(),
    transport: transport ?? transportTo(async (peer) => peer.instance),
  });
}

const serving = {
  service: 'tax',
  contracts: ['tax.v1'],
  address: { host: '127.0.0.1', port: 1 },
  state: 'ready',
} as const;

test('a pure client finds a service by beacon, calls it, and sees it leave', async () => {
  const port = await freePort();
  const service = await join('tax-1', { port });
  service.announce(serving);
  await using client = await join('cli-1', { port });
  await client.directory.waitFor(['tax.v1'], { timeoutMs: 2_000 });
  assert.equal(await client.client(tax).quote('FR'), 'tax-1');
  assert.deepEqual(
    client.directory.peers.map((peer) => peer.instance),
    ['tax-1', 'cli-1'],
  );
  await service.stop();
  await until('it has left', () => client.directory.answering('tax.v1').length === 0);
});

test('a service that restarts under its old name is found again', async () => {
  const port = await freePort();
  await using client = await join('cli-1', { port });
  for (let start = 1; start <= 3; start++) {
    const service = await join('tax-1', { port });
    service.announce({ ...serving, address: { host: '127.0.0.1', port: start } });
    await until('it is known', () => client.directory.peer('tax-1')?.address?.port === start);
    await service.stop();
    await until('it has left', () => client.directory.peer('tax-1') === undefined);
  }
});

test('what we say of ourselves changes with each announcement, and is in our own directory', async () => {
  await using mesh = await join('tax-1');
  assert.equal(mesh.self.state, 'starting');
  assert.equal(mesh.directory.answering('tax.v1').length, 0);
  const { incarnation } = mesh.self;
  mesh.announce(serving);
  assert.equal(mesh.self.incarnation, incarnation + 1);
  assert.deepEqual(mesh.directory.answering('tax.v1'), [mesh.self]);
  mesh.announce({ state: 'draining' });
  assert.equal(mesh.directory.answering('tax.v1').length, 0);
});

test('what cannot be announced is refused before anything starts', async () => {
  await assert.rejects(join('with space'), (error) => isGoblinError(error, 'INVALID_INPUT'));
  await using mesh = await join('tax-1');
  assert.throws(() => mesh.announce({ address: { host: '', port: 0 } }), /cannot be announced/);
  assert.equal(mesh.self.address, undefined);
});

test('a call is retried, measured as one, and its attempts are counted', async () => {
  const telemetry = recorder();
  let attempts = 0;
  const transport = transportTo(async (peer) => {
    if (++attempts === 1) throw new GoblinError('CONNECTION_FAILED');
    return peer.instance;
  });
  await using mesh = await join('cli-1', { telemetry, transport });
  for (const instance of ['tax-1', 'tax-2']) hear(mesh, instance);
  assert.match(await mesh.client(tax).quote('FR'), /tax/);
  assert.equal(telemetry.value('rpc_client_call_duration_seconds{tax.v1,quote,ok}'), 1);
  assert.equal(telemetry.value('mesh_attempts_total{tax.v1,unreachable}'), 1);
  assert.equal(telemetry.value('mesh_ejected_peers'), 1);
  assert.equal(telemetry.value('mesh_waiting'), 0);
});

test('a connection that fails makes its peer suspect though nobody calls', async () => {
  let lose: (peer: Peer, because: string) => void = () => {};
  const transport = transportTo(async (peer) => peer.instance);
  transport.onLost = (listener) => {
    lose = listener;
  };
  await using mesh = await join('cli-1', { transport });
  hear(mesh, 'tax-1');
  lose(mesh.directory.peer('tax-1')!, 'the link ended');
  assert.equal(mesh.directory.suspicionOf('tax-1'), 'the link ended');
  await until('it has left', () => mesh.directory.peer('tax-1') === undefined);
});

test('a stream is tried elsewhere before its first item and never after it', async () => {
  let streams = 0;
  const transport = transportTo(async () => {
    streams++;
    return (async function* () {
      if (streams === 1) throw new GoblinError('CONNECTION_FAILED');
      yield 'first';
      if (streams === 2) throw new GoblinError('CONNECTION_FAILED');
      yield 'second';
    })();
  });
  await using mesh = await join('cli-1', { transport });
  for (const instance of ['tax-1', 'tax-2', 'tax-3']) hear(mesh, instance);
  const seen: string[] = [];
  await assert.rejects(
    async () => {
      for await (const item of mesh.client(tax).rates('FR')) seen.push(item);
    },
    (error) => isGoblinError(error, 'CONNECTION_FAILED'),
  );
  assert.deepEqual(seen, ['first']);
  assert.equal(streams, 2);
  assert.deepEqual(await Array.fromAsync(mesh.client(tax).rates('FR')), ['first', 'second']);
});

test('it answers what members ask over HTTP, and strangers not', async () => {
  await using mesh = await join('seed-1');
  const ask = (secret: string): Uint8Array =>
    clusterKey({ cluster: 'tests', secret }).seal(
      writeExchange({ kind: 'probe', target: 1, nonce: 2, sentAt: Date.now() }),
    );
  assert.ok(mesh.peerExchange(ask(SECRET)));
  assert.equal(mesh.peerExchange(ask('quite another secret')), undefined);
  assert.equal(mesh.peerExchange(Buffer.from('garbage')), undefined);
});

test('stopping closes everything, once', async () => {
  const transport = transportTo(async () => 'never');
  const mesh = await join('cli-1', { transport, port: await freePort() });
  await Promise.all([mesh.stop(), mesh.stop()]);
  assert.ok(transport.closed);
});

function hear(mesh: Mesh, instance: string): void {
  const peer: Announcement = { instance, version: '1', incarnation: 1, startedAt: 0, ...serving };
  mesh.directory.heard(peer, { by: 'test', at: performance.now(), forMs: 60_000 });
}
