/** What peers do that no proper one would: each time the node drops what must be dropped, harms nobody else and serves on. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type VirtualClock, virtualClock } from '@goblin/core';
import { recorder } from '../discovery/testing/recorder.ts';
import { noneLeftOpen, openHandles } from '../testing/open-handles.ts';
import { until } from '../testing/until.ts';
import { openSleuth } from './open-sleuth.ts';
import type { Sleuth } from './sleuth.ts';
import { decodeSleuth, encodeSleuth } from './sleuth-message.ts';
import { memoryAir } from './testing/memory-beacon.ts';
import { hello, introduction, message, rawZrePeer, untilClosed } from './testing/raw-zre-peer.ts';
import { encodeGreeting, encodeMessage, encodeReady } from './zmtp-codec.ts';
import { MAX_PEERS, MAX_PER_ADDRESS } from './zre-newcomers.ts';

const before = openHandles();
after(() => noneLeftOpen(before));

const UUID = 'A'.repeat(32);
const OTHER = 'B'.repeat(32);

interface Target extends AsyncDisposable {
  readonly node: Sleuth;
  readonly port: number;
  readonly air: ReturnType<typeof memoryAir>;
  /** How often something was ignored, by why. */
  ignored(reason: string): number;
  /** Whether a good peer is still served. */
  serves(): Promise<void>;
}

async function target(clock?: VirtualClock): Promise<Target> {
  const air = memoryAir();
  const telemetry = recorder();
  const serve = { name: 'tax', handler: async (request: Request) => new Response(await request.text()) };
  const options = { interface: 'loopback', serve };
  const node = await openSleuth(options, { telemetry, beacon: air.beacon(), ...(clock && { clock }) });
  return {
    node,
    air,
    port: air.said[0]!.port,
    ignored: (reason) => telemetry.value(`sleuth_ignored_total{${reason}}`),
    async serves() {
      await using good = await openSleuth(
        { interface: 'loopback' },
        { telemetry: recorder(), beacon: air.beacon() },
      );
      await good.waitFor(['tax']);
      const response = await good.fetch('sleuth://tax/', { method: 'POST', body: 'x', timeoutMs: 5_000 });
      assert.equal(await response.text(), 'x');
    },
    [Symbol.asyncDispose]: () => node.stop(),
  };
}

function whisper(content: Uint8Array, sequence: number): Buffer {
  return message({ kind: 'whisper', content }, sequence);
}

test('who skips a sequence number is dropped, and may begin anew', async () => {
  await using our = await target();
  await using peer = await rawZrePeer(our.port, UUID);
  const socket = await peer.meet();
  await our.node.waitFor(['raw']);
  socket.write(message({ kind: 'ping' }, 3));
  await untilClosed(socket);
  assert.equal(our.ignored('violation'), 1);
  assert.deepEqual(our.node.peers, []);
  await peer.meet();
  await our.node.waitFor(['raw']);
  await our.serves();
});

test('who says HELLO twice, with another sequence, or says something else first is dropped', async () => {
  await using our = await target();
  await using peer = await rawZrePeer(our.port, UUID);
  const twice = await peer.meet();
  await our.node.waitFor(['raw']);
  twice.write(message(hello(UUID, peer.port), 2));
  await untilClosed(twice);
  const late = await peer.open();
  late.write(Buffer.concat([introduction(UUID), message(hello(UUID, peer.port), 7)]));
  await untilClosed(late);
  const rude = await peer.open();
  rude.write(Buffer.concat([introduction(UUID), message({ kind: 'ping' }, 1)]));
  await untilClosed(rude);
  assert.equal(our.ignored('violation'), 3);
  await our.serves();
});

test('a JOIN with a wrong counter is counted and taken', async () => {
  await using our = await target();
  await using peer = await rawZrePeer(our.port, UUID);
  const socket = await peer.meet();
  await our.node.waitFor(['raw']);
  socket.write(message({ kind: 'join', group: 'CHAT', status: 99 }, 2));
  socket.write(message({ kind: 'ping' }, 3));
  await until(() => peer.received.some(({ kind }) => kind === 'pingOk'), 'it is answered');
  assert.equal(our.ignored('counter'), 1);
});

test('an endpoint elsewhere is not connected to: we go to where the HELLO came from', async () => {
  await using our = await target();
  await using peer = await rawZrePeer(our.port, UUID);
  await peer.meet({ endpoint: `tcp://192.0.2.77:${peer.port}` });
  await our.node.waitFor(['raw']);
  assert.equal(our.node.peers[0]!.address, `127.0.0.1:${peer.port}`);
  const nowhere = await rawZrePeer(our.port, OTHER);
  const socket = await nowhere.meet({ endpoint: 'ipc:///etc/passwd' });
  await untilClosed(socket);
  await nowhere[Symbol.asyncDispose]();
});

test('nobody takes the name of a peer from another address', async () => {
  await using our = await target();
  await using peer = await rawZrePeer(our.port, UUID);
  const socket = await peer.meet();
  await our.node.waitFor(['raw']);
  await using thief = await rawZrePeer(our.port, UUID);
  const stolen = await thief.meet({}, '127.0.0.2');
  await untilClosed(stolen);
  our.air.say({ uuid: UUID, port: 0 }, '127.0.0.2');
  assert.equal(our.ignored('elsewhere'), 1);
  assert.equal(socket.closed, false);
  assert.equal(our.node.peers[0]!.address, `127.0.0.1:${peer.port}`);
  await our.node.waitFor(['raw'], { timeoutMs: 1 });
});

test('a forged goodbye is made good by the next beacon', async () => {
  await using our = await target();
  await using peer = await rawZrePeer(our.port, UUID);
  await peer.meet();
  await our.node.waitFor(['raw']);
  our.air.say({ uuid: UUID, port: 0 });
  await assert.rejects(our.node.fetch('sleuth://raw/'), /nobody serves raw/);
  our.air.say({ uuid: UUID, port: peer.port });
  await our.node.waitFor(['raw'], { timeoutMs: 1 });
});

test('an answer from a peer that was not asked, and one that nobody waits for, are dropped', async () => {
  await using our = await target();
  await using asked = await rawZrePeer(our.port, UUID);
  const askedSocket = await asked.meet();
  await using other = await rawZrePeer(our.port, OTHER);
  const otherSocket = await other.meet({ headers: new Map() });
  await until(() => our.node.peers.length === 2, 'both are known');
  const answer = our.node.fetch('sleuth://raw/', { timeoutMs: 5_000 });
  await until(() => asked.received.length === 2, 'one is asked');
  const question = asked.received[1]!;
  assert.ok(question.kind === 'whisper');
  const { handle } = await decodeSleuth(question.content);
  const recv = (text: string) =>
    encodeSleuth({ kind: 'response', handle, code: 200, headers: {}, body: Buffer.from(text) });
  otherSocket.write(whisper(await recv('forged'), 2));
  await until(() => our.ignored('message') === 1, 'the forged answer is dropped');
  askedSocket.write(whisper(await recv('real'), 2));
  assert.equal(await (await answer).text(), 'real');
  askedSocket.write(whisper(await recv('again'), 3));
  await until(() => our.ignored('message') === 2, 'a second answer is dropped');
});

test('content that is not Sleuth, not gzip, not JSON, or unpacks to too much is ignored; the peer stays', async () => {
  await using our = await target();
  await using peer = await rawZrePeer(our.port, UUID);
  const socket = await peer.meet();
  await our.node.waitFor(['raw']);
  const repl = (bytes: Uint8Array): Buffer => Buffer.concat([Buffer.from('SLEUTH-v1REPL'), bytes]);
  const contents = [
    Buffer.from('hello'),
    Buffer.from('SLEUTH-v1NOPE'),
    repl(Buffer.from('not gzip')),
    repl(gzipSync('not json')),
    repl(gzipSync('[]')),
    repl(gzipSync('{"handle":"1","method":"GET /","url":"/","destination":"x"}')),
    repl(gzipSync(Buffer.alloc(200 * 1_048_576))),
  ];
  for (const [index, content] of contents.entries()) socket.write(whisper(content, index + 2));
  await until(() => our.ignored('message') === contents.length, 'all are ignored');
  assert.equal(socket.closed, false);
  await our.serves();
});

test('a frame longer than may be is refused by its head, before anything is held for it', async () => {
  await using our = await target();
  await using peer = await rawZrePeer(our.port, UUID);
  const socket = await peer.meet();
  await our.node.waitFor(['raw']);
  socket.write(Buffer.from([2, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]));
  await untilClosed(socket);
  const many = await peer.meet();
  await our.node.waitFor(['raw']);
  many.write(encodeMessage(Array.from({ length: 65 }, () => Buffer.of(1))));
  await untilClosed(many);
  assert.equal(our.ignored('violation'), 2);
  await our.serves();
});

test('who disconnects in the middle of a frame is gone, nothing else', async () => {
  await using our = await target();
  await using peer = await rawZrePeer(our.port, UUID);
  const socket = await peer.meet();
  await our.node.waitFor(['raw']);
  socket.end(whisper(Buffer.alloc(1_000), 2).subarray(0, 400));
  await until(() => our.node.peers.length === 0, 'it is gone');
  await our.serves();
});

test('who never becomes READY, never says HELLO, or never ends a message is closed in seconds', async () => {
  const clock = virtualClock();
  await using our = await target(clock);
  await using peer = await rawZrePeer(our.port, UUID);
  const silent = await peer.open();
  const greeting = await peer.open();
  greeting.write(encodeGreeting());
  const nameless = await peer.open();
  nameless.write(introduction(UUID));
  await using half = await rawZrePeer(our.port, OTHER);
  const midway = await half.meet();
  await our.node.waitFor(['raw']);
  midway.write(whisper(Buffer.alloc(1_000), 2).subarray(0, 400));
  midway.write(Buffer.alloc(1));
  /** Lets time pass in small steps, so that what the sockets bring meanwhile is taken at its own time. */
  const later = (what: string, isSo: () => boolean): Promise<void> =>
    until(async () => {
      await clock.advance(100);
      return isSo();
    }, what);
  await later('two are closed', () => silent.closed && greeting.closed);
  assert.equal(nameless.closed || midway.closed, false);
  await later('the third is closed', () => nameless.closed);
  await later('the fourth is closed', () => midway.closed);
  assert.ok(our.ignored('slow') >= 4);
});

test('a peer that does not read is dropped when more waits for it than may', async () => {
  await using our = await target();
  await using peer = await rawZrePeer(our.port, UUID);
  await peer.meet();
  await our.node.waitFor(['raw']);
  peer.stopReading();
  const bytes = new Uint8Array(700_000);
  for (let i = 0; i < bytes.length; i += 65_536)
    crypto.getRandomValues(bytes.subarray(i, Math.min(i + 65_536, bytes.length)));
  const asking = Array.from({ length: 40 }, () =>
    our.node.fetch('sleuth://raw/', { method: 'POST', body: bytes, timeoutMs: 3_000 }),
  );
  const outcomes = await Promise.allSettled(asking);
  assert.equal(our.ignored('slow'), 1);
  assert.ok(outcomes.every(({ status }) => status === 'rejected'));
  await our.serves();
});

test('a silent peer is asked for a sign of life after 5 s and dropped after 30 s', async () => {
  const clock = virtualClock();
  await using our = await target(clock);
  await using peer = await rawZrePeer(our.port, UUID);
  await peer.meet();
  await our.node.waitFor(['raw']);
  await clock.advance(4_000);
  assert.deepEqual(
    peer.received.map(({ kind }) => kind),
    ['hello'],
  );
  await clock.advance(2_000);
  await until(() => peer.received.at(-1)?.kind === 'ping', 'it is asked');
  await clock.advance(25_000);
  assert.deepEqual(our.node.peers, []);
});

test('a peer whose greeting is not ours, or that is no DEALER, is refused', async () => {
  await using our = await target();
  await using peer = await rawZrePeer(our.port, UUID);
  for (const bytes of [
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.concat([Buffer.of(0xff), Buffer.alloc(8), Buffer.of(0x7f, 2)]),
    Buffer.concat([encodeGreeting().fill('CURVE', 12, 17)]),
    Buffer.concat([encodeGreeting(), encodeReady('ROUTER', Buffer.alloc(0))]),
    Buffer.concat([encodeGreeting(), encodeMessage([Buffer.from('too soon')])]),
    Buffer.concat([encodeGreeting(), Buffer.from('\x04\x0f\x05READY\x0bSocket-Ty', 'latin1')]),
  ]) {
    const socket = await peer.open();
    socket.write(bytes);
    await untilClosed(socket);
  }
  await our.serves();
});

test('a storm of beacons costs bounded connections, and newcomers come in afterwards', async () => {
  await using our = await target();
  const uuid = (i: number): string => i.toString(16).toUpperCase().padStart(32, '0');
  for (let i = 0; i < 20_000; i++) our.air.say({ uuid: uuid(i), port: 1 }, `127.0.${i % 3}.1`);
  assert.ok(our.ignored('full') >= 19_000);
  assert.ok(MAX_PER_ADDRESS < MAX_PEERS);
  await until(() => our.node.peers.length === 0, 'none of them became a peer');
  await our.serves();
});
