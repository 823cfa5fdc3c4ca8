import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { virtualClock } from '@goblin/core';
import type { Announcement } from '../peer.ts';
import { beacon } from './beacon.ts';
import { encodeBeacon, MAGIC, MAX_DATAGRAM_BYTES, MIN_DATAGRAM_BYTES } from './beacon-message.ts';
import { GROUP } from './beacon-sockets.ts';
import { clusterKey } from './cluster-key.ts';
import type { Directory } from './directory.ts';
import type { Finder, RunningFinder } from './finder.ts';
import { announcement, SECRET, type TestProcess, testProcess, until } from './testing/recorder.ts';

/** What an answer may wait for others, so that one does for several newcomers. */
const ANSWER_WITHIN_MS = 50;

/** A free UDP port: taken by nobody now, so that tests do not hear each other. */
async function freePort(): Promise<number> {
  const socket = await openSocket();
  const { port } = socket.address();
  socket.close();
  return port;
}

async function openSocket(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

interface Running extends AsyncDisposable {
  readonly process: TestProcess;
  readonly running: RunningFinder;
}

async function start(process: TestProcess, finder: Finder): Promise<Running> {
  const running = await finder.start(process);
  const stop = async (): Promise<void> => {
    await running.stop();
    process.directory.close();
  };
  return { process, running, [Symbol.asyncDispose]: stop };
}

const names = (directory: Directory): string[] => directory.peers.map((peer) => peer.instance);

test('twenty processes know each other at once, and a newcomer all of them', async () => {
  const port = await freePort();
  const clock = virtualClock(Date.now());
  await using stack = new AsyncDisposableStack();
  const processes: Running[] = [];
  const join = async (self: Announcement): Promise<TestProcess> => {
    // The first regular beacon comes after 500 ms.
    const process = testProcess(self, { clock, random: () => 0.5 });
    processes.push(stack.use(await start(process, beacon({ port }))));
    return process;
  };
  const earlierKnowLater = (): boolean =>
    processes.every(({ process: { directory } }, i) =>
      processes.slice(i + 1).every(({ process: later }) => directory.peer(later.self().instance)),
    );
  for (let i = 0; i < 20; i++) await join(announcement(`tax-${i}`));
  await until('who was there knows who came', earlierKnowLater);
  await clock.advance(ANSWER_WITHIN_MS);
  await until('all know all', () => processes.every(({ process }) => process.directory.peers.length === 19));

  const client = await join(announcement('cli-1', { service: undefined, contracts: [], address: undefined }));
  await until('all know the newcomer', earlierKnowLater);
  await clock.advance(ANSWER_WITHIN_MS);
  await until('the newcomer knows all', () => client.directory.answering('tax.v1').length === 20);
});

test('a change is told at once, a goodbye forgets at once', async () => {
  const port = await freePort();
  const clock = virtualClock(Date.now());
  await using listener = await start(testProcess(announcement('shop-1'), { clock }), beacon({ port }));
  const { directory } = listener.process;
  let self: Announcement = announcement('tax-1', { state: 'starting' });
  const changing = { ...testProcess(self, { clock }), self: () => self };
  await using other = await start(changing, beacon({ port }));
  await until('it is known', () => names(directory).includes('tax-1'));
  self = { ...self, state: 'ready', incarnation: 2 };
  other.running.announce();
  await until('its change is known', () => directory.answering('tax.v1').length === 1);
  await other.running.stop();
  await until('it is forgotten', () => directory.peers.length === 0);
  assert.deepEqual([...directory.departed], [['tax-1', 2]]);
});

test('each second it says that it is here, and is forgotten 5 s after it fell silent', async () => {
  const port = await freePort();
  const clock = virtualClock(Date.now());
  const speakers = virtualClock(Date.now());
  await using listener = await start(testProcess(announcement('shop-1'), { clock }), beacon({ port }));
  const { directory } = listener.process;
  await using _speaker = await start(
    testProcess(announcement('tax-1'), { clock: speakers }),
    beacon({ port }),
  );
  await until('it is known', () => directory.peers.length === 1);
  for (let second = 0; second < 8; second++) {
    const heardAt = directory.lastHeard('tax-1')!;
    await clock.advance(1_000);
    await speakers.advance(1_100);
    await until(`it is heard again in second ${second}`, () => directory.lastHeard('tax-1')! > heardAt);
  }
  await clock.advance(4_500);
  assert.deepEqual(names(directory), ['tax-1']);
  await clock.advance(1_000);
  assert.deepEqual(names(directory), []);
});

test('many newcomers at once are answered together', async () => {
  const port = await freePort();
  const clock = virtualClock(Date.now());
  await using old = await start(testProcess(announcement('tax-0'), { clock }), beacon({ port }));
  await using stack = new AsyncDisposableStack();
  const newcomers = await Promise.all(
    Array.from({ length: 12 }, (_, i) => start(testProcess(announcement(`shop-${i}`)), beacon({ port }))),
  );
  for (const newcomer of newcomers) stack.use(newcomer);
  await until('all are heard', () => old.process.directory.peers.length === 12);
  await clock.advance(50);
  await until('all have heard', () =>
    newcomers.every(({ process }) => names(process.directory).includes('tax-0')),
  );
});

test('contracts that do not fit one datagram arrive whole', async () => {
  const port = await freePort();
  const contracts = Array.from({ length: 200 }, (_, i) => `contract-number-${i}.v1`);
  await using _big = await start(testProcess(announcement('tax-1', { contracts })), beacon({ port }));
  await using newcomer = await start(testProcess(announcement('shop-1')), beacon({ port }));
  const { directory } = newcomer.process;
  await until('it is known', () => directory.peers.length === 1);
  assert.deepEqual(directory.peer('tax-1')?.contracts, contracts);
});

test('processes with another secret or of another cluster neither hear nor disturb each other', async () => {
  const port = await freePort();
  const others = [
    clusterKey({ cluster: 'tests', secret: 'quite another secret' }),
    clusterKey({ cluster: 'others', secret: SECRET }),
  ];
  await using ours = await start(testProcess(announcement('shop-1')), beacon({ port }));
  await using stack = new AsyncDisposableStack();
  for (const [i, key] of others.entries()) {
    stack.use(await start(testProcess(announcement(`tax-${i}`), { key }), beacon({ port })));
  }
  const { telemetry, directory } = ours.process;
  await until('both were received', () => telemetry.value('mesh_beacon_datagrams_total{unreadable}') >= 2);
  assert.deepEqual(names(directory), []);
  assert.equal(telemetry.warnings.length, 1);
  assert.match(telemetry.warnings[0]!, /sealed with another key/);
});

test('repeated, old, truncated, changed and invalid messages change nothing', async () => {
  const port = await freePort();
  const clock = virtualClock(Date.now());
  await using listener = await start(testProcess(announcement('shop-1'), { clock }), beacon({ port }));
  const { directory, telemetry, clusterKey: key } = listener.process;
  const socket = await openSocket();
  let sequence = 0;
  const sealed = (kind: 'here' | 'bye', sentAt: number, said = announcement('tax-1')): Buffer =>
    Buffer.concat([MAGIC, key.seal(encodeBeacon(kind, said, sentAt, () => ++sequence)[0]!)]);
  const arrives = async (outcome: string, datagram: Uint8Array): Promise<void> => {
    const series = `mesh_beacon_datagrams_total{${outcome}}`;
    const before = telemetry.value(series);
    socket.send(datagram, port, '127.0.0.1');
    await until(`one more is ${outcome}`, () => telemetry.value(series) === before + 1);
  };

  const here = sealed('here', clock.wall());
  const later = sealed('here', clock.wall());
  await arrives('accepted', later);
  await arrives('repeated', later);
  await arrives('repeated', here);
  await arrives('accepted', sealed('bye', clock.wall()));
  assert.deepEqual(names(directory), []);
  await arrives('repeated', later);
  await arrives('stale', sealed('here', clock.wall() - 60_000, announcement('tax-2')));
  await arrives('stale', sealed('here', clock.wall() + 60_000, announcement('tax-2')));
  const good = sealed('here', clock.wall(), announcement('tax-3'));
  for (const length of [0, 3, MIN_DATAGRAM_BYTES - 1]) await arrives('foreign', good.subarray(0, length));
  await arrives('unreadable', good.subarray(0, -1));
  const changed = Buffer.from(good);
  changed[60]! ^= 1;
  await arrives('unreadable', changed);
  await arrives('foreign', Buffer.concat([MAGIC, randomBytes(MAX_DATAGRAM_BYTES)]));
  await arrives('foreign', randomBytes(200));
  await arrives('malformed', Buffer.concat([MAGIC, key.seal(Buffer.from('{"kind":"here"}'))]));
  assert.deepEqual(names(directory), []);
  socket.close();
});

test('a storm of garbage costs bounded work, is logged in a line a minute and nobody is forgotten for it', async () => {
  const port = await freePort();
  const clock = virtualClock(Date.now());
  const speakers = virtualClock(Date.now());
  await using listener = await start(testProcess(announcement('shop-1'), { clock }), beacon({ port }));
  const { directory, telemetry } = listener.process;
  await using speaker = await start(
    testProcess(announcement('tax-1'), { clock: speakers }),
    beacon({ port }),
  );
  await until('it is known', () => directory.peers.length === 1);

  const socket = await openSocket();
  socket.setMulticastInterface('127.0.0.1');
  const garbage = [
    randomBytes(20),
    randomBytes(1_400),
    Buffer.concat([MAGIC, randomBytes(500)]),
    Buffer.concat([
      MAGIC,
      clusterKey({ cluster: 'tests', secret: 'quite another secret' }).seal(randomBytes(300)),
    ]),
  ];
  const storm = 50_000;
  const began = process.cpuUsage();
  for (let sent = 0; sent < storm; ) {
    for (let i = 0; i < 25; i++) socket.send(garbage[sent++ % garbage.length]!, port, GROUP);
    await new Promise((resolve) => setImmediate(resolve));
  }
  socket.close();
  const count = (outcome: string): number => telemetry.value(`mesh_beacon_datagrams_total{${outcome}}`);
  const opened = count('unreadable');
  assert.ok(opened > 0 && opened <= 5_000, `${opened} were tried to open, the clock stood still`);
  assert.ok(count('foreign') > 1_000 && count('dropped') > 1_000);
  const { user, system } = process.cpuUsage(began);
  assert.ok(user + system < 8_000_000, `it took ${(user + system) / 1_000} ms of CPU, sending included`);

  assert.equal(telemetry.warnings.length, 1);
  assert.deepEqual(names(directory), ['tax-1']);
  // The peer goes on speaking, but while datagrams are dropped unread its silence would prove nothing.
  await clock.advance(4_900);
  assert.deepEqual(names(directory), ['tax-1']);
  speaker.running.announce();
  await until('it is heard again', () => directory.lastHeard('tax-1') === clock.now());
  await clock.advance(61_000);
  assert.ok(telemetry.warnings.length <= 5, telemetry.warnings.join('\n'));
});

test('a port that cannot be opened is said once and tried again until it can', async () => {
  const blocker = await openSocket();
  const { port } = blocker.address();
  const clock = virtualClock(Date.now());
  await using blocked = await start(testProcess(announcement('shop-1'), { clock }), beacon({ port }));
  const { telemetry, directory } = blocked.process;
  assert.match(telemetry.warnings[0]!, /cannot open its sockets: .*EADDRINUSE/);
  blocker.close();
  await once(blocker, 'close');
  await using _other = await start(testProcess(announcement('tax-1')), beacon({ port }));
  await clock.advance(5_000);
  await until('it finds the other', () => names(directory).includes('tax-1'));
});

test('an interface that does not exist is said, and does not keep the process from starting', async () => {
  await using lost = await start(
    testProcess(announcement('shop-1')),
    beacon({ port: await freePort(), scope: 'eth99' }),
  );
  assert.match(lost.process.telemetry.warnings[0]!, /no such interface/);
});

test('a service that listens on all addresses is reached where its beacon came from', async () => {
  const port = await freePort();
  const everywhere = announcement('tax-1', { address: { host: '0.0.0.0', port: 4_711 } });
  await using listener = await start(testProcess(announcement('shop-1')), beacon({ port }));
  await using _speaker = await start(testProcess(everywhere), beacon({ port }));
  await until('it is known', () => listener.process.directory.peers.length === 1);
  assert.deepEqual(listener.process.directory.peer('tax-1')?.address, { host: '127.0.0.1', port: 4_711 });
});

test('on a LAN too, peers of this machine hear each other, each once', async () => {
  const port = await freePort();
  await using one = await start(testProcess(announcement('shop-1')), beacon({ port, scope: 'lan' }));
  await using two = await start(testProcess(announcement('tax-1')), beacon({ port, scope: 'lan' }));
  await until('both are known', () =>
    [one, two].every(({ process }) => process.directory.peers.length === 1),
  );
  assert.deepEqual(names(one.process.directory), ['tax-1']);
});
