import assert from 'node:assert/strict';
import { test } from 'node:test';
import { virtualClock } from '@goblin/core';
import { announcement, recorder } from '../discovery/testing/recorder.ts';
import { instanceHash } from '../membership/instance-hash.ts';
import type { Peer } from '../peer.ts';
import { APERTURE, placeOf, type Subset, subsetOf } from './aperture.ts';
import { createBalancer } from './balancer.ts';
import { seededRandom } from './testing/seeded-random.ts';

const peersOf = (service: string, count: number): Peer[] =>
  Array.from({ length: count }, (_, i) => announcement(`${service}-${i.toString(36)}x${(i * 7919) % 997}`));
const hashesOf = (peers: readonly Peer[]): number[] => peers.map(({ instance }) => instanceHash(instance));

function subsetFor(caller: Peer, callers: readonly Peer[], servers: readonly Peer[]): Subset {
  return subsetOf(hashesOf(servers), placeOf(caller.instance, caller.service, callers));
}

/** How much of the load each server gets when each caller makes as many calls. */
function loads(groups: readonly (readonly Peer[])[], servers: readonly Peer[]): number[] {
  const load = servers.map(() => 0);
  for (const callers of groups) {
    for (const caller of callers) {
      const { order, size, first, last } = subsetFor(caller, callers, servers);
      const parts = order.slice(0, size).map((_, at) => (at === 0 ? first : at === size - 1 ? last : 1));
      const sum = parts.reduce((all, part) => all + part, 0);
      parts.forEach((part, at) => {
        load[order[at]!]! += part / sum;
      });
    }
  }
  return load;
}

function spread(load: readonly number[]): number {
  const mean = load.reduce((sum, one) => sum + one, 0) / load.length;
  return Math.max(...load.map((one) => Math.abs(one / mean - 1)));
}

const chosen = ({ order, size }: Subset, servers: readonly Peer[]): Set<string> =>
  new Set(order.slice(0, size).map((i) => servers[i]!.instance));

const added = (before: Set<string>, after: Set<string>): number =>
  [...after].filter((instance) => !before.has(instance)).length;

test('1,200 callers of one service load 200 servers evenly, each calling about twenty', () => {
  const callers = peersOf('shop', 1_200);
  const servers = peersOf('tax', 200);
  assert.ok(spread(loads([callers], servers)) < 0.001);
  const sizes = callers.map((caller) => subsetFor(caller, callers, servers).size);
  assert.ok(Math.min(...sizes) >= APERTURE && Math.max(...sizes) <= APERTURE + 1, `${Math.max(...sizes)}`);
});

test('so do 1,200 callers of forty services, and any number of callers and servers', () => {
  const services = Array.from({ length: 40 }, (_, i) => peersOf(`caller${i}`, 30));
  assert.ok(spread(loads(services, peersOf('tax', 200))) < 0.001);
  for (const [callers, servers] of [
    [1, 50],
    [7, 200],
    [11, 200],
    [33, 201],
    [500, 21],
    [997, 313],
  ] as const) {
    const found = spread(loads([peersOf('shop', callers)], peersOf('tax', servers)));
    assert.ok(found < 0.001, `${callers} callers, ${servers} servers: ${found}`);
  }
});

test('nobody calls much more than twice the aperture unless there are too few callers to reach all servers', () => {
  for (const [callers, servers] of [
    [30, 200],
    [100, 1_000],
    [11, 200],
    [64, 21],
  ] as const) {
    const all = peersOf('shop', callers);
    const { size } = subsetFor(all[0]!, all, peersOf('tax', servers));
    assert.ok(
      size <= Math.max(2 * APERTURE, Math.ceil(servers / callers) + 1),
      `${callers}/${servers}: ${size}`,
    );
  }
});

test('a server that comes or goes changes one or two of twenty; one of many callers hardly any', () => {
  const callers = peersOf('shop', 1_200);
  const servers = peersOf('tax', 201);
  const fewer = servers.toSpliced(77, 1);
  const fewerCallers = callers.toSpliced(400, 1);
  let worst = 0;
  let byCaller = 0;
  for (const caller of callers.slice(0, 300)) {
    const before = chosen(subsetFor(caller, callers, fewer), fewer);
    worst = Math.max(worst, added(before, chosen(subsetFor(caller, callers, servers), servers)));
    byCaller = Math.max(byCaller, added(before, chosen(subsetFor(caller, fewerCallers, fewer), fewer)));
  }
  assert.ok(worst <= 2, `${worst} by a server`);
  assert.ok(byCaller <= 2, `${byCaller} by a caller`);
});

function balancerOf(callers: readonly Peer[], caller: Peer, seed = 1) {
  const clock = virtualClock();
  const { instance, service } = caller;
  const balancer = createBalancer({
    clock,
    ...recorder(),
    random: seededRandom(seed),
    caller: { instance, service, likes: () => callers },
  });
  return { clock, balancer };
}

const NONE: ReadonlySet<string> = new Set();

test('the calls themselves are spread within a few per cent, counted over 1,200 balancers', () => {
  const callers = peersOf('shop', 1_200);
  const servers = peersOf('tax', 200);
  const counts = new Map<string, number>();
  callers.forEach((caller, seed) => {
    const { balancer } = balancerOf(callers, caller, seed);
    for (let i = 0; i < 200; i++) {
      const lease = balancer.pick(servers, NONE)!;
      counts.set(lease.peer.instance, (counts.get(lease.peer.instance) ?? 0) + 1);
      lease.end('ok');
    }
  });
  assert.equal(counts.size, 200);
  const deviation = spread([...counts.values()]);
  // 1,200 calls each: chance alone has a standard deviation of 2.9 %.
  assert.ok(deviation < 0.12, `${deviation}`);
});

test('for those of a subset that are avoided others step in, and leave again', async () => {
  const callers = peersOf('shop', 100);
  const servers = peersOf('tax', 100);
  const { clock, balancer } = balancerOf(callers, callers[3]!);
  const used = (): Set<string> => {
    const seen = new Set<string>();
    for (let i = 0; i < 2_000; i++) {
      const lease = balancer.pick(servers, NONE)!;
      seen.add(lease.peer.instance);
      lease.end('ok');
    }
    return seen;
  };
  const before = used();
  // Of the first and the last one only a part is this caller's.
  assert.equal(before.size, APERTURE + 1);
  const gone = [...before].slice(0, 5);
  for (const instance of gone) {
    const others = new Set(servers.map((peer) => peer.instance).filter((other) => other !== instance));
    const lease = balancer.pick(servers, others)!;
    assert.equal(lease.peer.instance, instance);
    lease.end('unreachable');
  }
  const meanwhile = used();
  assert.equal(meanwhile.size, before.size);
  assert.equal(added(before, meanwhile), 5);
  assert.ok(gone.every((instance) => !meanwhile.has(instance)));
  await clock.advance(1_000);
  assert.deepEqual(used(), before);
});

test('when the whole subset was tried, a retry goes beyond it', () => {
  const callers = peersOf('shop', 100);
  const servers = peersOf('tax', 100);
  const { balancer } = balancerOf(callers, callers[3]!);
  const tried = new Set<string>();
  for (let i = 0; i < 40; i++) tried.add(balancer.pick(servers, tried)!.peer.instance);
  assert.equal(tried.size, 40);
});

test('without a name of its own, and among twenty or fewer, a caller calls all', () => {
  const servers = peersOf('tax', APERTURE);
  const { balancer } = balancerOf([], announcement('shop-1'));
  const seen = new Set(Array.from({ length: 500 }, () => balancer.pick(servers, NONE)!.peer.instance));
  assert.equal(seen.size, APERTURE);
  const many = peersOf('tax', 60);
  const nameless = createBalancer({ clock: virtualClock(), ...recorder(), random: seededRandom(1) });
  const all = new Set(Array.from({ length: 2_000 }, () => nameless.pick(many, NONE)!.peer.instance));
  assert.equal(all.size, 60);
});
