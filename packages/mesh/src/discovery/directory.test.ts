import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGoblinError, virtualClock } from '@goblin/core';
import { createDirectory, type Directory, MAX_PEERS, type Sighting } from './directory.ts';
import { announcement, recorder } from './testing/recorder.ts';

function setUp() {
  const clock = virtualClock();
  const telemetry = recorder();
  const directory = createDirectory({ clock, log: telemetry.log, metrics: telemetry.metrics });
  const changes: string[] = [];
  directory.subscribe(({ kind, peer, because }) => changes.push(`${peer.instance} ${kind}: ${because}`));
  const now = (at = clock.now()): Sighting => ({ by: 'beacon', at, forMs: 5_000 });
  return { clock, telemetry, directory, changes, now };
}

const instances = (peers: Directory['peers']): string[] => peers.map((peer) => peer.instance);

test('ready peers are found by contract and by name, the same array until something changes', () => {
  const { directory, now } = setUp();
  directory.heard(announcement('tax-1'), now());
  const before = directory.answering('tax.v1');
  assert.deepEqual(instances(before), ['tax-1']);
  directory.heard(announcement('tax-1'), now());
  directory.heard(announcement('shop-1'), now());
  assert.equal(directory.answering('tax.v1'), before);
  directory.heard(announcement('tax-2'), now());
  assert.notEqual(directory.answering('tax.v1'), before);
  assert.deepEqual(instances(directory.named('tax')), ['tax-1', 'tax-2']);
  assert.equal(directory.answering('nobody.v1'), directory.answering('nobody.v2'));
});

test('starting, draining and address-less peers are known but not candidates', () => {
  const { directory, now } = setUp();
  directory.heard(announcement('tax-1', { state: 'starting' }), now());
  directory.heard(announcement('tax-2', { state: 'draining' }), now());
  directory.heard(announcement('tax-3', { address: undefined }), now());
  assert.deepEqual(instances(directory.answering('tax.v1')), []);
  assert.equal(directory.peers.length, 3);
  assert.ok(directory.knows('tax.v1') && directory.knows('tax') && !directory.knows('shop'));
});

test('peers are listed by service name, pure clients last', () => {
  const { directory, now } = setUp();
  directory.heard(announcement('cli-1', { service: undefined, contracts: [] }), now());
  for (const name of ['tax-2', 'shop-1', 'tax-1']) directory.heard(announcement(name), now());
  assert.deepEqual(instances(directory.peers), ['shop-1', 'tax-1', 'tax-2', 'cli-1']);
});

test('the newest incarnation wins whatever the order of arrival', () => {
  const { directory, changes, now } = setUp();
  directory.heard(announcement('tax-1', { incarnation: 3, state: 'draining' }), now());
  directory.heard(announcement('tax-1', { incarnation: 2, state: 'ready' }), now());
  assert.equal(directory.peer('tax-1')?.state, 'draining');
  directory.heard(announcement('tax-1', { incarnation: 4, contracts: ['tax.v2'] }), now());
  assert.deepEqual(instances(directory.answering('tax.v1')), []);
  assert.deepEqual(instances(directory.answering('tax.v2')), ['tax-1']);
  assert.deepEqual(changes, ['tax-1 joined: beacon', 'tax-1 changed: beacon']);
});

test('a peer is forgotten when it was not heard in time, and known again when it is', async () => {
  const { clock, directory, changes, now } = setUp();
  directory.heard(announcement('tax-1'), now());
  await clock.advance(4_000);
  directory.heard(announcement('tax-1'), now());
  await clock.advance(4_500);
  assert.equal(directory.peers.length, 1);
  await clock.advance(1_000);
  assert.equal(directory.peers.length, 0);
  directory.heard(announcement('tax-1'), now());
  assert.deepEqual(changes, [
    'tax-1 joined: beacon',
    'tax-1 left: not heard for 5 s',
    'tax-1 joined: beacon',
  ]);
});

test('hearsay from before a peer left does not bring it back', async () => {
  const { clock, directory, now } = setUp();
  directory.heard(announcement('tax-1'), now());
  await clock.advance(1_000);
  directory.left('tax-1', 'a test');
  directory.heard(announcement('tax-1', { incarnation: 9 }), now(clock.now() - 500));
  assert.equal(directory.peers.length, 0);
  await clock.advance(1);
  directory.heard(announcement('tax-1'), now());
  assert.equal(directory.peers.length, 1);
});

test('who said goodbye stays away for good, also when the goodbye came first', async () => {
  const { clock, directory, changes, now } = setUp();
  directory.heard(announcement('tax-1', { incarnation: 3 }), now());
  for (let i = 0; i < 2; i++) directory.goodbye('tax-1', 3);
  directory.goodbye('tax-2', 1);
  await clock.advance(60_000);
  directory.heard(announcement('tax-1', { incarnation: 3 }), now());
  directory.heard(announcement('tax-2'), now());
  assert.equal(directory.peers.length, 0);
  assert.deepEqual(changes.at(-1), 'tax-1 left: said goodbye');
  const departed = [
    ['tax-1', 3],
    ['tax-2', 1],
  ];
  assert.deepEqual([...directory.departed], departed);
});

test('an instance that takes its old name again after its goodbye is known, and the old goodbye harms it no more', () => {
  const { directory, now } = setUp();
  directory.heard(announcement('tax-1', { incarnation: 3 }), now());
  directory.goodbye('tax-1', 3);
  directory.heard(announcement('tax-1', { incarnation: 4 }), now());
  directory.goodbye('tax-1', 3);
  assert.deepEqual(instances(directory.peers), ['tax-1']);
});

test('a suspect leaves within two seconds unless it is heard again', async () => {
  const { clock, directory, changes, now } = setUp();
  for (const name of ['tax-1', 'tax-2']) {
    directory.heard(announcement(name), now());
    directory.suspect(name, 'connection refused');
  }
  await clock.advance(1_000);
  directory.heard(announcement('tax-2'), now());
  await clock.advance(1_000);
  assert.deepEqual(instances(directory.peers), ['tax-2']);
  assert.equal(changes.at(-1), 'tax-1 left: connection refused');
});

test("by membership's word a peer stays until membership takes it back, suspected or not", async () => {
  const { clock, directory, changes } = setUp();
  const word = () => ({ by: 'membership', at: clock.now(), forMs: Number.POSITIVE_INFINITY });
  directory.heard(announcement('tax-1'), word());
  directory.suspect('tax-1', 'connection refused');
  await clock.advance(60_000);
  assert.deepEqual(instances(directory.peers), ['tax-1']);
  assert.equal(directory.suspicionOf('tax-1'), 'connection refused');
  directory.heard(announcement('tax-1'), word());
  assert.equal(directory.suspicionOf('tax-1'), undefined);
  directory.left('tax-1', 'did not answer probes');
  assert.deepEqual(changes, [
    'tax-1 joined: membership',
    'tax-1 suspected: connection refused',
    'tax-1 left: did not answer probes',
  ]);
});

test('silence while we could not listen is no reason to forget anybody', async () => {
  const { clock, directory, now } = setUp();
  directory.heard(announcement('tax-1'), now());
  await clock.advance(4_500);
  directory.deaf(5_000);
  await clock.advance(4_900);
  assert.equal(directory.peers.length, 1);
  await clock.advance(500);
  assert.equal(directory.peers.length, 0);
});

test('a process that stood still does not forget its peers when it goes on', () => {
  const telemetry = recorder();
  let now = 0;
  let sweep = (): void => {};
  const clock = {
    ...virtualClock(),
    now: () => now,
    every: (_: number, callback: () => void) => {
      sweep = callback;
      return { cancel: () => {} };
    },
  };
  const directory = createDirectory({ clock, log: telemetry.log, metrics: telemetry.metrics });
  directory.heard(announcement('tax-1'), { by: 'beacon', at: 0, forMs: 5_000 });
  now = 20_000;
  sweep();
  assert.equal(directory.peers.length, 1);
  for (; now < 23_500; now += 250) sweep();
  assert.equal(directory.peers.length, 0);
});

test('we never forget or suspect ourselves', async () => {
  const { clock, directory } = setUp();
  directory.heard(announcement('self-1'), { by: 'self', at: clock.now(), forMs: Number.POSITIVE_INFINITY });
  directory.suspect('self-1', 'connection refused');
  await clock.advance(60_000);
  assert.equal(directory.peers.length, 1);
});

test('beyond the limit peers are refused, counted, and logged once a minute', async () => {
  const { clock, telemetry, directory, now } = setUp();
  for (let i = 0; i < MAX_PEERS + 50; i++) directory.heard(announcement(`tax-${i}`), now());
  assert.equal(directory.peers.length, MAX_PEERS);
  assert.equal(telemetry.value('mesh_directory_refused_total'), 50);
  assert.equal(telemetry.warnings.length, 1);
  await clock.advance(60_000);
  assert.equal(telemetry.warnings.length, 2);
  assert.match(telemetry.warnings[1]!, /full with 5000 peers.*49 times within a minute/);
});

test('peers are counted by state', () => {
  const { telemetry, directory, now } = setUp();
  directory.heard(announcement('tax-1'), now());
  directory.heard(announcement('tax-2', { state: 'starting' }), now());
  assert.equal(telemetry.value('mesh_peers{ready}'), 1);
  assert.equal(telemetry.value('mesh_peers{starting}'), 1);
  assert.equal(telemetry.value('mesh_peers{draining}'), 0);
});

test('waitFor resolves when the last of its contracts and services is ready', async () => {
  const { directory, now } = setUp();
  let done = false;
  const waiting = directory.waitFor(['tax.v1', 'shop'], { timeoutMs: 1_000 }).then(() => {
    done = true;
  });
  directory.heard(announcement('tax-1'), now());
  directory.heard(announcement('shop-1', { state: 'starting' }), now());
  await Promise.resolve();
  assert.equal(done, false);
  directory.heard(announcement('shop-1', { incarnation: 2 }), now());
  await waiting;
  await directory.waitFor(['shop'], { timeoutMs: 0 });
});

test('waitFor fails in time, naming what is missing and what is known', async () => {
  const { clock, directory, now } = setUp();
  directory.heard(announcement('tax-1'), now());
  directory.heard(announcement('shop-1', { state: 'starting' }), now());
  directory.heard(announcement('mail-1'), now());
  directory.left('mail-1', 'a test');
  const waiting = directory.waitFor(['tax', 'shop', 'mail', 'ghost.v1'], { timeoutMs: 2_000 });
  const failing = assert.rejects(waiting, (error) => {
    assert.ok(isGoblinError(error, 'DEADLINE_EXCEEDED'));
    assert.match(
      error.message,
      /still missing: shop \(1 starting\), mail \(left\), ghost\.v1 \(never seen\)\. Known are shop \(1 starting\), tax \(1 ready\): start/,
    );
    assert.deepEqual(error.data, { missing: ['shop', 'mail', 'ghost.v1'] });
    return true;
  });
  await clock.advance(2_000);
  await failing;
});

test('waitFor ends with CANCELED when its signal is aborted', async () => {
  const { directory } = setUp();
  const controller = new AbortController();
  const waiting = directory.waitFor(['tax'], { timeoutMs: 1_000, signal: controller.signal });
  controller.abort();
  await assert.rejects(waiting, (error) => isGoblinError(error, 'CANCELED'));
  await assert.rejects(directory.waitFor(['tax'], { timeoutMs: 1_000, signal: controller.signal }), (error) =>
    isGoblinError(error, 'CANCELED'),
  );
});

test('a listener that throws does not keep others from hearing', () => {
  const { directory, telemetry, now } = setUp();
  let heard = 0;
  directory.subscribe(() => {
    throw new Error('a broken listener');
  });
  const unsubscribe = directory.subscribe(() => heard++);
  directory.heard(announcement('tax-1'), now());
  unsubscribe();
  directory.heard(announcement('tax-2'), now());
  assert.equal(heard, 1);
  assert.ok(telemetry.warnings.includes('directory: a listener threw'));
});
