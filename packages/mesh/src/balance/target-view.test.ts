import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GoblinError } from '@goblin/core';
import { announcement, recorder } from '../discovery/testing/recorder.ts';
import type { Peer } from '../peer.ts';
import { createBalancer } from './balancer.ts';
import { type PeerView, type TargetView, targetView } from './target-view.ts';
import { setUp, type World, watch } from './testing/dispatch-world.ts';
import { seededRandom } from './testing/seeded-random.ts';

const quote = { idempotent: true, procedure: '/tax.v1/quote' };

function view(world: World, name: string, balancer = world.balancer, zone?: string): TargetView {
  const { directory, clock, dispatcher } = world;
  const found = targetView(
    { directory, balancer, clock, self: { instance: 'shop-1', zone }, calls: dispatcher.calls },
    name,
  );
  assert.deepEqual(JSON.parse(JSON.stringify(found)), found, 'it is plain JSON');
  return found;
}

const peerIn = (found: TargetView, instance: string): PeerView =>
  found.peers.find((peer) => peer.instance === instance)!;

test('a target is known by its contract, its service or one of its instances, and says when it is not', () => {
  const world = setUp(2);
  assert.deepEqual(
    ['tax.v1', 'tax', 'tax-1', 'nobody'].map((name) => {
      const { kind, peers } = view(world, name);
      return [kind, peers.map(({ instance }) => instance)];
    }),
    [
      ['contract', ['tax-0', 'tax-1']],
      ['service', ['tax-0', 'tax-1']],
      ['instance', ['tax-1']],
      ['unknown', []],
    ],
  );
});

test('of a peer that nothing holds calls off from there is nothing to say', () => {
  const world = setUp(1);
  const [peer] = view(world, 'tax.v1').peers;
  assert.deepEqual(peer, {
    instance: 'tax-0',
    service: 'tax',
    version: '1',
    address: '127.0.0.1:4000',
    state: 'ready',
    zone: null,
    weight: 1,
    load: null,
    suspected: null,
    inSubset: true,
    effectiveWeight: 1,
    latencyMs: null,
    slowness: 1,
    inFlight: 0,
    successRate: null,
    ejected: null,
    lastFailure: null,
    why: null,
  });
});

test('it says who starts, drains, listens nowhere or may have ended', () => {
  const world = setUp(2);
  world.join('tax-2', { state: 'starting' });
  world.join('tax-3', { state: 'draining' });
  world.join('tax-4', { address: undefined });
  world.directory.suspect('tax-1', 'connection refused');
  const found = view(world, 'tax.v1');
  assert.deepEqual(
    found.peers.map(({ why }) => why),
    [
      null,
      'may have ended: connection refused',
      'is still starting',
      'is draining',
      'is a pure client: it listens nowhere',
    ],
  );
  assert.equal(peerIn(found, 'tax-1').suspected, 'connection refused');
  assert.equal(peerIn(found, 'tax-3').effectiveWeight, 0);
});

test('it says since when, until when and why a peer is avoided', async () => {
  const world = setUp(3);
  const work = async (peer: Peer): Promise<string> => {
    if (peer.instance === 'tax-0') throw new GoblinError('UNAVAILABLE', { message: 'the database is gone' });
    return peer.instance;
  };
  for (let i = 0; i < 40; i++)
    watch(world.dispatcher.dispatch(world.target, { ...quote, idempotent: false }, work));
  await world.clock.advance(0);
  const peer = peerIn(view(world, 'tax.v1'), 'tax-0');
  const now = world.clock.wall();
  assert.deepEqual(peer.ejected, {
    reason: 'failed',
    because: '3 attempts in a row failed: UNAVAILABLE: the database is gone',
    sinceMs: now,
    untilMs: now + 1_000,
    times: 1,
  });
  assert.deepEqual(peer.lastFailure, { message: 'UNAVAILABLE: the database is gone', atMs: now });
  assert.equal(
    peer.why,
    'is avoided until 2026-01-01T00:00:01.000Z because 3 attempts in a row failed: UNAVAILABLE: the database is gone',
  );
  assert.equal(peer.successRate, 0);
  await world.clock.advance(1_000);
  assert.match(
    peerIn(view(world, 'tax'), 'tax-0').why!,
    /^is probed by the next attempt: it was avoided because 3/,
  );
});

test('it says who is overloaded, slow, or just begins', async () => {
  const world = setUp(3);
  const { balancer, clock, directory } = world;
  const take = (instance: string) => {
    const others = new Set(
      directory.peers.map((peer) => peer.instance).filter((other) => other !== instance),
    );
    return balancer.pick(directory.answering('tax.v1'), others)!;
  };
  take('tax-0').end(
    'refused',
    undefined,
    new GoblinError('RESOURCE_EXHAUSTED', { data: { retryAfterMs: 5_000 } }),
  );
  for (let i = 0; i < 2; i++) {
    const lease = take('tax-1');
    await clock.advance(60);
    lease.measured(clock.now(), 10);
    lease.end('ok');
  }
  const found = view(world, 'tax.v1');
  assert.equal(peerIn(found, 'tax-0').why, 'has refused calls lately: it is overloaded');
  assert.equal(peerIn(found, 'tax-1').why, 'is 5.5 times as slow as is typical');
  assert.equal(Math.round(peerIn(found, 'tax-1').latencyMs!), 60);
  await clock.advance(20_000);
  world.join('tax-3');
  balancer.pick(directory.answering('tax.v1'), new Set())!.end('ok');
  await clock.advance(3_000);
  const newcomer = peerIn(view(world, 'tax.v1'), 'tax-3');
  assert.equal(newcomer.why, 'slow start: 30 % of its weight');
  assert.equal(newcomer.effectiveWeight, 0.3);
});

test('it says who is in another zone, and who is not in this caller’s subset', () => {
  const world = setUp(0);
  world.join('tax-a', { zone: 'a' });
  world.join('tax-b', { zone: 'b' });
  const parts = { clock: world.clock, ...recorder(), random: seededRandom(1) };
  const zoned = view(world, 'tax.v1', createBalancer({ ...parts, zone: 'a' }), 'a');
  assert.deepEqual(
    zoned.peers.map(({ why, inSubset, effectiveWeight }) => [why, inSubset, effectiveWeight]),
    [
      [null, true, 1],
      ['is in zone b, and zone a is not busy', false, 0],
    ],
  );
  for (let i = 0; i < 200; i++) world.join(`many-${i}`);
  const shops = Array.from({ length: 50 }, (_, i) => announcement(`shop-${i}`));
  const caller = { instance: 'shop-1', service: 'shop', likes: () => shops };
  const found = view(world, 'many.v1', createBalancer({ ...parts, caller }));
  const called = found.peers.filter(({ inSubset }) => inSubset);
  assert.ok(called.length >= 20 && called.length <= 22, `${called.length}`);
  assert.ok(called.every(({ why }) => why === null));
  const other = found.peers.find(({ inSubset }) => !inSubset)!;
  assert.equal(other.why, `not in this caller's subset of ${called.length} of 200`);
  assert.equal(other.effectiveWeight, 0);
});

test('it says what was done: attempts, hedges, what is left of the budget, and what procedures take', async () => {
  const world = setUp(2);
  assert.deepEqual(view(world, 'tax.v1').calls, []);
  for (let i = 0; i < 60; i++) {
    const done = world.dispatcher.dispatch(
      world.target,
      quote,
      (peer) => new Promise((resolve) => void world.clock.after(10, () => resolve(peer.instance))),
    );
    await world.clock.advance(10);
    await done;
  }
  const [calls] = view(world, 'tax').calls;
  assert.equal(calls!.target, 'tax.v1');
  assert.equal(calls!.attempts.ok, 60);
  assert.deepEqual(calls!.hedges, { made: 0, won: 0 });
  assert.equal(calls!.retryBudget, 100);
  const [procedure] = calls!.procedures;
  assert.equal(procedure!.path, '/tax.v1/quote');
  assert.equal(procedure!.samples, 60);
  assert.ok(procedure!.hedgeAfterMs! >= 10 && procedure!.hedgeAfterMs! < 12);
});
