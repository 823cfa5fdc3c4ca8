/** Orders to a real host, from another member that found it by beacon. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { context, contract, createConfig, serve, sleep, testTelemetry } from '@goblin/core';
import { z } from 'zod';
import type { TargetView } from '../balance/target-view.ts';
import { beacon } from '../discovery/beacon.ts';
import { clusterKey } from '../discovery/cluster-key.ts';
import { recorder, SECRET } from '../discovery/testing/recorder.ts';
import type { RunningFault } from '../filters/faults.ts';
import { startHost } from '../host.ts';
import { joinMesh, type Mesh } from '../mesh.ts';
import { meshTransport } from '../mesh-transport.ts';
import type { Peer } from '../peer.ts';
import { until } from '../testing/until.ts';
import { sendOrder } from './send-order.ts';

const KEY = clusterKey({ cluster: 'tests', secret: SECRET });
const tax = contract('tax.v1', {
  quote: { input: z.object({}), output: z.number(), idempotent: true },
  hang: { input: z.object({}), output: z.number(), deadline: '10m' },
});

interface Rig extends AsyncDisposable {
  readonly mesh: Mesh;
  readonly peer: Peer;
  /** Calls of `hang` that have begun. */
  readonly begun: () => number;
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

async function rig(): Promise<Rig> {
  const port = await freePort();
  let begun = 0;
  const definition = serve(tax, {
    quote: () => 20,
    hang: async () => {
      begun += 1;
      await sleep(600_000, context.signal);
      return 0;
    },
  });
  const host = await startHost(definition as never, {
    name: 'tax',
    version: '1',
    folder: '.',
    dataFolder: '.',
    config: createConfig({ service: 'tax', env: {} }).read,
    telemetry: testTelemetry(),
    finders: [beacon({ port })],
    clusterKey: KEY,
    lameDuckMs: 0,
  });
  const mesh = await joinMesh({
    self: { instance: 'cli-1', service: undefined, version: '1', contracts: [], address: undefined },
    finders: [beacon({ port })],
    clusterKey: KEY,
    telemetry: recorder(),
    transport: meshTransport(),
  });
  await mesh.directory.waitFor(['tax.v1'], { timeoutMs: 30_000 });
  return {
    mesh,
    peer: mesh.directory.peer(host.instance)!,
    begun: () => begun,
    async [Symbol.asyncDispose]() {
      await mesh.stop();
      await host.stop(1_000);
    },
  };
}

test('a host explains how it treats its peers', async () => {
  await using at = await rig();
  const view = (await sendOrder(at.mesh, at.peer, 'explain', { name: 'tax' })) as TargetView;
  assert.equal(view.caller.instance, at.peer.instance);
  assert.deepEqual(
    view.peers.map(({ instance, state }) => [instance, state]),
    [[at.peer.instance, 'ready']],
  );
  await assert.rejects(sendOrder(at.mesh, at.peer, 'explain'), { code: 'INVALID_INPUT' });
  await assert.rejects(sendOrder(at.mesh, at.peer, 'explain', { name: 7 }), { code: 'INVALID_INPUT' });
});

test('faults are injected, listed and lifted by orders', async () => {
  await using at = await rig();
  const { quote } = at.mesh.client(tax);
  assert.equal(await quote({}), 20);
  const fault = { id: 'game-day', effect: { error: 'CONFLICT' } };
  await sendOrder(at.mesh, at.peer, 'faults.inject', fault);
  await assert.rejects(quote({}), { code: 'CONFLICT' });
  const listed = (await sendOrder(at.mesh, at.peer, 'faults.list')) as RunningFault[];
  assert.deepEqual(
    listed.map(({ id, struck }) => [id, struck]),
    [['game-day', 1]],
  );
  await sendOrder(at.mesh, at.peer, 'faults.lift', { id: 'game-day' });
  assert.equal(await quote({}), 20);
  assert.deepEqual(await sendOrder(at.mesh, at.peer, 'faults.lift'), []);
  await assert.rejects(sendOrder(at.mesh, at.peer, 'faults.inject', { effect: { eror: 'CONFLICT' } }), {
    code: 'INVALID_INPUT',
    message: /did you mean error\?/,
  });
});

test('an order does not wait behind user traffic, however much waits', async (t) => {
  await using at = await rig();
  const { hang } = at.mesh.client(tax);
  const leaving = new AbortController();
  let ended = 0;
  const calls = Array.from({ length: 5_000 }, () =>
    hang({}, { signal: leaving.signal })
      .catch(() => {})
      .finally(() => ended++),
  );
  await until(() => at.begun() > 0, 'calls run');
  const startMs = performance.now();
  // None of those that run ends in this time.
  await sendOrder(at.mesh, at.peer, 'faults.list', undefined, { deadline: '1m' });
  t.diagnostic(`it took ${Math.round(performance.now() - startMs)} ms; ${at.begun()} run, ${ended} refused`);
  assert.ok(ended < calls.length, 'calls run');
  leaving.abort();
  await Promise.all(calls);
});
