import assert from 'node:assert/strict';
import { test } from 'node:test';
import { virtualClock } from '@goblin/core';
import { announcement, recorder } from '../discovery/testing/recorder.ts';
import type { Peer } from '../peer.ts';
import { type AttemptOutcome, createBalancer, type Lease } from './balancer.ts';
import { seededRandom } from './testing/seeded-random.ts';

const NONE: ReadonlySet<string> = new Set();

function setUp(count: number) {
  const clock = virtualClock();
  const telemetry = recorder();
  const balancer = createBalancer({ clock, ...telemetry, random: seededRandom(7) });
  const peers = Array.from({ length: count }, (_, i) => announcement(`tax-${i}`));
  const pick = (avoid = NONE): Lease | undefined => balancer.pick(peers, avoid);
  /** Ends one attempt with the named peer. */
  const attempt = (instance: string, outcome: AttemptOutcome): void => {
    const others = new Set(peers.map((peer) => peer.instance).filter((other) => other !== instance));
    const lease = balancer.pick(peers, others)!;
    assert.equal(lease.peer.instance, instance);
    lease.end(outcome);
  };
  const share = (rounds: number, of: readonly Peer[] = peers): Map<string, number> => {
    const counts = new Map<string, number>();
    for (let i = 0; i < rounds; i++) {
      const lease = balancer.pick(of, NONE)!;
      counts.set(lease.peer.instance, (counts.get(lease.peer.instance) ?? 0) + 1);
      lease.end('ok');
    }
    return counts;
  };
  return { clock, telemetry, balancer, peers, pick, attempt, share };
}

test('nobody to choose from is undefined, a single peer is chosen', () => {
  assert.equal(setUp(0).pick(), undefined);
  assert.equal(setUp(1).pick()?.peer.instance, 'tax-0');
});

test('idle peers get even shares', () => {
  for (const count of setUp(5).share(10_000).values()) assert.ok(Math.abs(count - 2_000) < 200, `${count}`);
});

test('of two, the one with less in flight is chosen: what is in flight stays level', () => {
  const { pick } = setUp(10);
  const inFlight = new Map<string, number>();
  for (let i = 0; i < 1_000; i++) {
    const { instance } = pick()!.peer;
    inFlight.set(instance, (inFlight.get(instance) ?? 0) + 1);
  }
  const counts = [...inFlight.values()];
  assert.ok(Math.max(...counts) - Math.min(...counts) <= 6, `${counts}`);
});

test('a hung peer soon gets nothing more', () => {
  const { pick } = setUp(3);
  let hung = 0;
  for (let i = 0; i < 1_000; i++) {
    const lease = pick()!;
    if (lease.peer.instance === 'tax-0') hung++;
    else lease.end('ok');
  }
  assert.ok(hung <= 3, `${hung} attempts hang`);
});

test('a peer of weight 3 carries three times as much in flight', () => {
  const { balancer } = setUp(0);
  const peers = [announcement('tax-0', { weight: 3 }), announcement('tax-1')];
  let heavy = 0;
  for (let i = 0; i < 400; i++) if (balancer.pick(peers, NONE)!.peer.instance === 'tax-0') heavy++;
  assert.ok(Math.abs(heavy - 300) <= 5, `${heavy}`);
});

test('avoided peers are chosen only when nothing else is left', () => {
  const { pick } = setUp(3);
  for (let i = 0; i < 50; i++) assert.equal(pick(new Set(['tax-0', 'tax-2']))?.peer.instance, 'tax-1');
  assert.ok(pick(new Set(['tax-0', 'tax-1', 'tax-2'])));
});

test('an unreachable peer is avoided at once: for 1 s, then twice as long each time, up to 30 s', async () => {
  const { clock, attempt, share, telemetry } = setUp(3);
  attempt('tax-0', 'unreachable');
  for (const seconds of [1, 2, 4, 8, 16, 30, 30]) {
    await clock.advance(seconds * 1_000 - 1);
    assert.equal(share(200).get('tax-0'), undefined, `within ${seconds} s`);
    await clock.advance(1);
    attempt('tax-0', 'unreachable');
  }
  assert.equal(telemetry.value('mesh_ejections_total{tax,unreachable}'), 8);
});

test('when its time is over a single attempt probes it; success brings it back whole', async () => {
  const { clock, balancer, peers, attempt, share } = setUp(3);
  attempt('tax-0', 'unreachable');
  assert.equal(balancer.ejected, 1);
  await clock.advance(1_000);
  const probe = balancer.pick(peers, new Set(['tax-1', 'tax-2']))!;
  assert.equal(probe.peer.instance, 'tax-0');
  assert.equal(share(200).get('tax-0'), undefined);
  probe.end('ok');
  assert.ok(share(300).get('tax-0')! > 50);
  assert.equal(balancer.ejected, 0);
});

test('a probe that nobody waited for leaves the next attempt to probe', async () => {
  const { clock, attempt, share } = setUp(3);
  attempt('tax-0', 'unreachable');
  await clock.advance(1_000);
  attempt('tax-0', 'unknown');
  attempt('tax-0', 'ok');
  assert.ok(share(300).get('tax-0')! > 50);
});

test('failing answers count only in a row', () => {
  const { attempt, share } = setUp(3);
  for (const outcome of ['failed', 'failed', 'ok', 'failed', 'failed'] as const) attempt('tax-0', outcome);
  assert.ok(share(300).get('tax-0')! > 50);
  attempt('tax-1', 'failed');
  attempt('tax-1', 'failed');
  attempt('tax-1', 'failed');
  assert.equal(share(300).get('tax-1'), undefined);
});

test('attempts that began before an ejection and fail after it do not make it longer', async () => {
  const { clock, balancer, peers, share } = setUp(3);
  const others = new Set(['tax-1', 'tax-2']);
  const leases = Array.from({ length: 50 }, () => balancer.pick(peers, others)!);
  for (const lease of leases) lease.end('unreachable');
  await clock.advance(1_000);
  assert.ok(share(300).get('tax-0')! > 50);
});

test('failing answers never take out more than half: what all share may be at fault', () => {
  const { attempt, share } = setUp(4);
  const fail = (instance: string): void => {
    for (let i = 0; i < 3; i++) attempt(instance, 'failed');
  };
  fail('tax-0');
  fail('tax-1');
  assert.deepEqual([...share(300).keys()].sort(), ['tax-2', 'tax-3']);
  const { attempt: attemptAll, peers, balancer } = setUp(4);
  for (const { instance } of peers.slice(0, 3)) for (let i = 0; i < 3; i++) attemptAll(instance, 'failed');
  const chosen = new Set(Array.from({ length: 100 }, () => balancer.pick(peers, NONE)!.peer.instance));
  assert.equal(chosen.size, 4);
});

test('any number may be unreachable: the last one reachable gets everything', () => {
  const { attempt, share } = setUp(4);
  for (const instance of ['tax-0', 'tax-1', 'tax-2']) attempt(instance, 'unreachable');
  assert.deepEqual([...share(100).keys()], ['tax-3']);
});

test('when nobody can be reached there is one attempt per 100 ms and peer', async () => {
  const { clock, pick, attempt } = setUp(1);
  attempt('tax-0', 'unreachable');
  assert.equal(pick(), undefined);
  await clock.advance(100);
  const lease = pick();
  assert.ok(lease);
  assert.equal(pick(), undefined);
  lease.end('unreachable');
  assert.equal(pick(), undefined);
  await clock.advance(100);
  pick()!.end('ok');
  assert.ok(pick() && pick());
});

test('a lease ends once, and what a peer that left still settles changes nothing', () => {
  const { balancer, peers, attempt } = setUp(2);
  const lease = balancer.pick(peers, NONE)!;
  assert.equal(lease.end('ok'), true);
  assert.equal(lease.end('unreachable'), false);
  assert.equal(balancer.ejected, 0);
  attempt('tax-0', 'unreachable');
  const late = balancer.pick(peers, new Set(['tax-0']))!;
  balancer.forget('tax-0');
  balancer.forget('tax-1');
  assert.equal(balancer.ejected, 0);
  late.end('unreachable');
  assert.equal(balancer.ejected, 0);
});
