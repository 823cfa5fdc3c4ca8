import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GoblinError, virtualClock } from '@goblin/core';
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

/** Ends attempts with the named peer at the clock's time. */
function attempts(
  world: ReturnType<typeof setUp>,
  instance: string,
  outcomes: readonly AttemptOutcome[],
  error?: unknown,
): void {
  const others = new Set(world.peers.map((peer) => peer.instance).filter((other) => other !== instance));
  for (const outcome of outcomes) world.balancer.pick(world.peers, others)!.end(outcome, undefined, error);
}

const times = (count: number, outcome: AttemptOutcome): AttemptOutcome[] => new Array(count).fill(outcome);

test('a peer that fails most of its attempts, but never three in a row, is avoided when others do far better', async () => {
  const world = setUp(3);
  attempts(world, 'tax-1', times(20, 'ok'));
  const others = new Set(['tax-1', 'tax-2']);
  const early = world.balancer.pick(world.peers, others)!;
  await world.clock.advance(10);
  for (let i = 0; i < 7; i++)
    attempts(world, 'tax-0', i === 6 ? ['failed', 'failed'] : ['failed', 'failed', 'ok']);
  assert.equal(world.telemetry.value('mesh_ejections_total{tax,rate}'), 1);
  assert.equal(world.share(300).get('tax-0'), undefined);
  assert.match(
    world.telemetry.warnings.join(),
    /tax-0 is avoided: only 30 % of 20 attempts succeeded, and 100 % with others/,
  );
  early.end('ok');
  assert.equal(world.share(300).get('tax-0'), undefined, 'what began before says nothing against that');
});

test('a peer that fails as often as all others is not avoided for that, nor for failures that are long past', async () => {
  const world = setUp(3);
  for (let i = 0; i < 12; i++)
    for (const { instance } of world.peers) attempts(world, instance, ['failed', 'failed', 'ok']);
  assert.equal(world.balancer.ejected, 0);
  const other = setUp(3);
  attempts(other, 'tax-1', times(20, 'ok'));
  for (let i = 0; i < 6; i++) attempts(other, 'tax-0', ['failed', 'failed', 'ok']);
  await other.clock.advance(11_000);
  for (let i = 0; i < 6; i++) attempts(other, 'tax-0', ['failed', 'failed', 'ok']);
  assert.equal(other.balancer.ejected, 0);
});

test('who was good for half a minute is avoided for 1 s again; who fails again soon, for longer', async () => {
  const world = setUp(3);
  const avoidedMs = (): number => {
    const { ejection } = world.balancer.treatment(world.peers)(world.peers[0]!);
    return ejection ? ejection.until - world.clock.now() : 0;
  };
  attempts(world, 'tax-0', ['unreachable']);
  assert.equal(avoidedMs(), 1_000);
  await world.clock.advance(1_000);
  attempts(world, 'tax-0', ['ok', 'unreachable']);
  assert.equal(avoidedMs(), 2_000);
  await world.clock.advance(2_000);
  attempts(world, 'tax-0', ['ok']);
  await world.clock.advance(30_000);
  attempts(world, 'tax-0', ['unreachable']);
  assert.equal(avoidedMs(), 1_000);
});

test('a peer that refuses calls gets fewer for as long as it asked, and is not avoided', async () => {
  const world = setUp(2);
  const overloaded = new GoblinError('RESOURCE_EXHAUSTED', { data: { started: false, retryAfterMs: 700 } });
  attempts(world, 'tax-0', times(5, 'refused'), overloaded);
  assert.equal(world.balancer.ejected, 0);
  assert.equal(world.share(200).get('tax-0'), undefined);
  const held: string[] = [];
  for (let i = 0; i < 100; i++) held.push(world.pick()!.peer.instance);
  const refusing = held.filter((instance) => instance === 'tax-0').length;
  assert.ok(refusing > 10 && refusing < 30, `${refusing} of 100 though four times as loaded`);
  await world.clock.advance(700);
  assert.equal(world.balancer.treatment(world.peers)(world.peers[0]!).isRefusing, false);
});

test('a slow peer gets fewer calls, and its part back as it becomes quick', async () => {
  const world = setUp(3);
  const typicalMs = 10;
  const slowly = async (instance: string, tookMs: number): Promise<void> => {
    const others = new Set(world.peers.map((peer) => peer.instance).filter((other) => other !== instance));
    const lease = world.balancer.pick(world.peers, others)!;
    await world.clock.advance(tookMs);
    lease.measured(world.clock.now(), typicalMs);
    lease.end('ok');
  };
  await slowly('tax-0', 200);
  await slowly('tax-0', 200);
  assert.equal(world.share(300).get('tax-0'), undefined, 'idle, it is not worth a call');
  const held: string[] = [];
  for (let i = 0; i < 100; i++) held.push(world.pick()!.peer.instance);
  const slow = held.filter((instance) => instance === 'tax-0').length;
  assert.ok(slow > 0 && slow < 12, `${slow} of 100`);
  const again = setUp(3);
  assert.ok(again.share(300).get('tax-0')! > 50);
});

test('failing answers do not make a peer look quick', () => {
  const world = setUp(2);
  attempts(world, 'tax-0', ['failed', 'ok', 'failed', 'ok', 'failed']);
  assert.equal(world.balancer.treatment(world.peers)(world.peers[0]!).latencyMs, null);
  const counts = world.share(1_000);
  assert.ok(Math.abs(counts.get('tax-0')! - 500) < 80, `${counts.get('tax-0')}`);
});

test('a newcomer among established peers gets a part that grows over ten seconds', async () => {
  const world = setUp(4);
  world.share(10);
  await world.clock.advance(20_000);
  const peers = [...world.peers, announcement('tax-new')];
  const part = (): number => world.share(4_000, peers).get('tax-new') ?? 0;
  assert.ok(part() < 160, 'a tenth of 800 or so to begin with');
  await world.clock.advance(5_000);
  const half = part();
  assert.ok(half > 250 && half < 550, `${half} of 800`);
  await world.clock.advance(5_000);
  assert.ok(Math.abs(part() - 800) < 120);
});

test('a newcomer takes part at once where the others are as busy as it can be', async () => {
  const world = setUp(1);
  world.share(1);
  await world.clock.advance(20_000);
  const peers = [...world.peers, announcement('tax-new')];
  let newcomer = 0;
  for (let i = 0; i < 220; i++) if (world.balancer.pick(peers, NONE)!.peer.instance === 'tax-new') newcomer++;
  assert.ok(newcomer > 10 && newcomer < 40, `${newcomer} in flight beside ${220 - newcomer}`);
});

test('where all are new, all begin with their whole part', async () => {
  const world = setUp(2);
  world.share(10);
  await world.clock.advance(100);
  const peers = [...world.peers, announcement('tax-2'), announcement('tax-3')];
  for (const count of world.share(4_000, peers).values())
    assert.ok(Math.abs(count - 1_000) < 150, `${count}`);
});

test('a canary of weight 0.05 gets its twentieth of calls whether all are idle or busy', () => {
  const peers = [
    ...Array.from({ length: 3 }, (_, i) => announcement(`tax-${i}`)),
    announcement('tax-canary', { weight: 0.05 }),
  ];
  const idle = setUp(0).share(20_000, peers).get('tax-canary')!;
  assert.ok(idle > 200 && idle < 460, `idle: ${idle} of 328`);
  const { balancer } = setUp(0);
  const running: Lease[] = [];
  let busy = 0;
  for (let i = 0; i < 20_000; i++) {
    const lease = balancer.pick(peers, NONE)!;
    if (lease.peer.instance === 'tax-canary') busy++;
    running.push(lease);
    if (running.length > 30) running.splice((i * 7) % 30, 1)[0]!.end('ok');
  }
  assert.ok(busy > 100 && busy < 460, `busy: ${busy} of 328`);
});

test('choosing costs no more while some of a thousand peers are avoided', () => {
  const world = setUp(1_000);
  for (let i = 0; i < 20; i++) attempts(world, `tax-${i}`, ['unreachable']);
  let looked = 0;
  const counted = world.peers.map((peer) => peer);
  counted.filter = ((...given: Parameters<typeof counted.filter>) => {
    looked++;
    return Array.prototype.filter.apply(counted, given as never);
  }) as typeof counted.filter;
  for (let i = 0; i < 1_000; i++) world.balancer.pick(counted, NONE)!.end('ok');
  assert.equal(looked, 0);
  assert.equal(world.balancer.ejected, 20);
});
