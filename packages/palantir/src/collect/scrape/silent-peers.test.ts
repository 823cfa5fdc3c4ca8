import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'node:test';
import { EXPOSITION_TYPES, type VirtualClock, virtualClock } from '@goblin/core';
import { isStale } from '../../sample-rules.ts';
import { metricOf, running, toolsFor, until } from '../testing/collecting.ts';
import { FULL, type RecordingStore, recordingStore } from '../testing/recording-store.ts';
import { type KnownPeer, PATIENCE_MS, SILENT_MS, silentPeers } from './silent-peers.ts';

interface ServedPeer extends AsyncDisposable {
  readonly peer: KnownPeer;
  readonly asked: number;
}

/** An instance that says `orders_total 3` to who asks. */
async function servedPeer(instance: string, service = 'shop'): Promise<ServedPeer> {
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    response.writeHead(200, { 'content-type': EXPOSITION_TYPES.prometheus }).end('orders_total 3\n');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    peer: { instance, service, address: { host: '127.0.0.1', port } },
    get asked() {
      return asked;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

interface Scene extends AsyncDisposable {
  readonly clock: VirtualClock;
  readonly store: RecordingStore;
  readonly tools: ReturnType<typeof toolsFor<RecordingStore>>;
  peers: readonly KnownPeer[];
  /** A sample that an instance sends. */
  sent(instance: string, name?: string): Promise<unknown>;
  /** Lets time go by until it is so. */
  comes(condition: () => boolean, what: string): Promise<void>;
}

function scene(peers: readonly KnownPeer[], services?: readonly string[]): Scene {
  const clock = virtualClock();
  const store = recordingStore(clock);
  const tools = toolsFor(store, clock);
  let collecting: AsyncDisposable;
  const one: Scene = {
    clock,
    store,
    tools,
    peers,
    sent(instance, name = 'sent_total') {
      const series = { __name__: name, service: 'shop', instance };
      const samples = [{ series, atMs: clock.wall(), value: 1 }];
      return store.append({ samples, logs: [], spans: [], rejected: [] });
    },
    comes: (condition, what) =>
      until(async () => {
        await clock.advance(50);
        return condition();
      }, what),
    [Symbol.asyncDispose]: () => collecting[Symbol.asyncDispose](),
  };
  collecting = running(silentPeers(tools, { peers: () => one.peers, ...(services && { services }) }));
  return one;
}

const ended = (value: number | undefined): boolean => isStale(Float64Array.of(value ?? 0), 0);

test('an instance that does not send is scraped as what it is; one that sends is left alone', async () => {
  await using silent = await servedPeer('shop-1');
  await using sends = await servedPeer('shop-2');
  await using scenery = scene([silent.peer, sends.peer, { instance: 'cli-1' }]);
  const { clock, store } = scenery;
  await clock.advance(PATIENCE_MS - 1_000);
  assert.equal(silent.asked, 0);
  await scenery.sent('shop-2');
  const labels = { service: 'shop', instance: 'shop-1' };
  await scenery.comes(() => store.valueOf('orders_total', labels) === 3, 'it is scraped');
  assert.equal(store.valueOf('up', labels), 1);
  for (let i = 0; i < 5; i += 1) {
    await scenery.sent('shop-2');
    await clock.advance(SILENT_MS / 2);
  }
  assert.equal(sends.asked, 0);
});

test('one that has ceased to send is scraped; one whose series are many is known by one of them', async () => {
  await using peer = await servedPeer('shop-1');
  await using scenery = scene([peer.peer]);
  const { clock, store } = scenery;
  await clock.advance(1_000);
  for (let i = 0; i < 20; i += 1) await scenery.sent('shop-1', `sent_${i}_total`);
  await clock.advance(PATIENCE_MS + SILENT_MS / 2);
  assert.equal(peer.asked, 0);
  await clock.advance(SILENT_MS);
  await scenery.comes(() => store.valueOf('orders_total', { instance: 'shop-1' }) === 3, 'it is scraped');
});

test('who leaves is asked no more, and all of its series end; who comes back is judged anew', async () => {
  await using peer = await servedPeer('shop-1');
  await using other = await servedPeer('shop-2');
  await using scenery = scene([peer.peer, other.peer]);
  const { clock, store } = scenery;
  const value = (name: string, instance: string): number | undefined => store.valueOf(name, { instance });
  await clock.advance(PATIENCE_MS);
  await scenery.comes(
    () => value('orders_total', 'shop-1') === 3 && value('orders_total', 'shop-2') === 3,
    'both are scraped',
  );
  scenery.peers = [other.peer];
  await scenery.comes(() => ended(value('orders_total', 'shop-1')), 'its series end');
  assert.ok(ended(value('up', 'shop-1')));
  assert.ok(!ended(value('orders_total', 'shop-2')));
  const { asked } = peer;
  scenery.peers = [peer.peer, other.peer];
  await clock.advance(PATIENCE_MS - 1_000);
  assert.equal(peer.asked, asked);
  await scenery.comes(() => value('orders_total', 'shop-1') === 3, 'it is scraped again');
});

test('only instances of the services that are named are scraped, where some are', async () => {
  await using wanted = await servedPeer('tax-1', 'tax');
  await using other = await servedPeer('shop-1');
  await using scenery = scene([wanted.peer, other.peer], ['tax']);
  await scenery.clock.advance(PATIENCE_MS);
  await scenery.comes(() => wanted.asked > 2, 'it is scraped');
  assert.equal(other.asked, 0);
});

test('while the store cannot say who sends, nobody new is scraped, and it is counted', async () => {
  await using peer = await servedPeer('shop-1');
  await using scenery = scene([peer.peer]);
  const { clock, store, tools } = scenery;
  store.failure = FULL;
  await clock.advance(PATIENCE_MS + 5_000);
  assert.equal(peer.asked, 0);
  assert.ok(metricOf(tools.metrics, 'collector_failures_total', 'peers') > 0);
  store.failure = undefined;
  await scenery.comes(() => store.valueOf('up', { instance: 'shop-1' }) === 1, 'it is scraped');
});
