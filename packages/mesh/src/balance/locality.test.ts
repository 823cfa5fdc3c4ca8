import assert from 'node:assert/strict';
import { test } from 'node:test';
import { virtualClock } from '@goblin/core';
import { announcement, recorder } from '../discovery/testing/recorder.ts';
import type { Peer } from '../peer.ts';
import { createBalancer } from './balancer.ts';
import { localityOf, nearby } from './locality.ts';
import { seededRandom } from './testing/seeded-random.ts';

/** `a` of 3 peers in zone a with this load, and so on. */
function peersIn(zones: Record<string, { count: number; load?: number; weight?: number }>): Peer[] {
  return Object.entries(zones).flatMap(([zone, { count, ...said }]) =>
    Array.from({ length: count }, (_, i) => announcement(`tax-${zone}${i}`, { zone, ...said })),
  );
}

const share = (zones: Parameters<typeof peersIn>[0]): number => localityOf(peersIn(zones), 'a')!.share;

test('all calls stay in the zone while it is comfortable', () => {
  assert.equal(share({ a: { count: 3 }, b: { count: 3 } }), 1);
  assert.equal(share({ a: { count: 3, load: 0.7 }, b: { count: 3 } }), 1);
});

test('the busier the zone is, the more calls leave it, at full load as many as an even spread', () => {
  assert.equal(Math.round(share({ a: { count: 3, load: 0.85 }, b: { count: 3 } }) * 100), 75);
  assert.equal(share({ a: { count: 3, load: 1 }, b: { count: 3 } }), 0.5);
  assert.equal(share({ a: { count: 2, load: 1 }, b: { count: 3 }, c: { count: 3 } }), 0.25);
});

test('calls stay when it is no better elsewhere', () => {
  assert.equal(share({ a: { count: 3, load: 0.9 }, b: { count: 3, load: 0.9 } }), 1);
});

test('a zone with too few peers keeps only what its part allows', () => {
  assert.equal(Math.round(share({ a: { count: 1 }, b: { count: 9 } }) * 100), 20);
  assert.equal(share({ a: { count: 4 }, b: { count: 9 } }), 1);
  assert.equal(share({ a: { count: 1, weight: 9 }, b: { count: 9 } }), 1);
});

test('zones make no difference to who has none, and where all or none are near', () => {
  const peers = peersIn({ a: { count: 2 }, b: { count: 2 } });
  assert.equal(localityOf(peers, undefined), undefined);
  assert.equal(localityOf(peers, 'c'), undefined);
  assert.equal(localityOf(peersIn({ a: { count: 2 } }), 'a'), undefined);
  assert.equal(nearby(undefined, () => 0)(peers), peers);
});

test('calls are shared out as computed, and a list is looked at once', () => {
  const peers = peersIn({ a: { count: 3, load: 0.85 }, b: { count: 3 } });
  const choose = nearby('a', seededRandom(4));
  let near = 0;
  for (let i = 0; i < 10_000; i++) if (choose(peers).length === 3) near++;
  assert.ok(Math.abs(near - 7_500) < 150, `${near}`);
  assert.equal(choose(peersIn({ a: { count: 1 }, b: { count: 1 } })).length, 1);
  const always = nearby('a', () => 0);
  assert.equal(always(peers), always(peers));
});

test('a balancer picks near peers, and one that is far when the near ones were tried or are avoided', () => {
  const clock = virtualClock();
  const balancer = createBalancer({ clock, ...recorder(), random: seededRandom(7), zone: 'a' });
  const peers = peersIn({ a: { count: 2 }, b: { count: 4 } });
  const NONE = new Set<string>();
  for (let i = 0; i < 100; i++) {
    const lease = balancer.pick(peers, NONE)!;
    assert.equal(lease.peer.zone, 'a');
    lease.end('ok');
  }
  const tried = new Set(['tax-a0', 'tax-a1']);
  assert.equal(balancer.pick(peers, tried)?.peer.zone, 'b');
  assert.equal(balancer.pick(peers, new Set(['tax-a0']))?.peer.instance, 'tax-a1');
  for (const instance of tried) {
    const others = new Set(peers.map((peer) => peer.instance).filter((other) => other !== instance));
    balancer.pick(peers, others)!.end('unreachable');
  }
  assert.equal(balancer.pick(peers, NONE)?.peer.zone, 'b');
});
