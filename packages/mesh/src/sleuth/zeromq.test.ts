/** Against libzmq 4.3.5 (npm `zeromq`), in both directions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testTelemetry } from '@goblin/core';
import { until } from '../testing/until.ts';
import { openSleuth } from './open-sleuth.ts';
import type { Sleuth, SleuthService } from './sleuth.ts';
import { type Air, memoryAir } from './testing/memory-beacon.ts';
import { readContent, sleuthContent, type ZeromqPeer, zeromqPeer } from './testing/zeromq-peer.ts';

function node(air: Air, serve?: SleuthService): Promise<Sleuth> {
  const options = { interface: 'loopback', ...(serve && { serve }) };
  return openSleuth(options, { telemetry: testTelemetry(), beacon: air.beacon() });
}

const tax: SleuthService = {
  name: 'tax',
  async handler(request) {
    if (request.method === 'DELETE') return new Response(null, { status: 204 });
    const text = `${request.method} ${new URL(request.url).pathname} ${await request.text()}`;
    return new Response(text, { headers: { 'x-echo': request.headers.get('x-req') ?? '' } });
  },
};

/** They meet by the node's beacon; what the node said first has been read. */
async function met(air: Air, peer: ZeromqPeer, ours: Sleuth): Promise<readonly Buffer[]> {
  air.say({ uuid: peer.uuid, port: peer.port });
  const { port } = air.said.find(({ uuid }) => uuid === ours.uuid)!;
  await peer.meet(port);
  const { from, frames } = await peer.receive();
  assert.equal(from, `01${ours.uuid}`);
  await until(() => ours.peers.some(({ uuid }) => uuid === peer.uuid), 'the node knows the peer');
  return frames;
}

test('a libzmq peer gets a HELLO byte by byte as ZRE has it', async () => {
  const air = memoryAir();
  await using peer = await zeromqPeer();
  await using ours = await node(air, tax);
  const [hello, ...others] = await met(air, peer, ours);
  assert.equal(others.length, 0);
  const { port } = air.said[0]!;
  const endpoint = `tcp://127.0.0.1:${port}`;
  const long = (text: string): string => `\0\0\0${String.fromCharCode(text.length)}${text}`;
  const short = (text: string): string => `${String.fromCharCode(text.length)}${text}`;
  const header = (name: string, value: string): string => short(name) + long(value);
  assert.equal(
    hello!.toString('latin1'),
    `\xaa\xa1\x01\x02\0\x01${short(endpoint)}\0\0\0\x01${long('SLEUTH-v1')}\x01${short(ours.uuid)}\0\0\0\x04${header('group', 'SLEUTH-v1')}${header('node', ours.uuid)}${header('type', 'tax')}${header('version', 'unknown')}`,
  );
});

test('a libzmq peer asks our service by REPL and gets exactly one RECV for each, in sequence', async () => {
  const air = memoryAir();
  await using peer = await zeromqPeer();
  await using ours = await node(air, tax);
  await met(air, peer, ours);
  const repl = {
    body: Buffer.from('hi').toString('base64'),
    destination: peer.uuid,
    handle: '0',
    header: { 'X-Req': ['1'] },
    method: 'POST',
    url: '/x?y=1',
  };
  await peer.whisper(sleuthContent('REPL', repl));
  const first = (await peer.receive()).frames;
  assert.deepEqual([...first[0]!], [0xaa, 0xa1, 2, 2, 0, 2]);
  const { kind, value } = readContent(first[1]!);
  assert.equal(kind, 'SLEUTH-v1RECV');
  assert.deepEqual(value, {
    body: Buffer.from('POST /x hi').toString('base64'),
    code: 200,
    handle: '0',
    header: { 'Content-Type': ['text/plain;charset=UTF-8'], 'X-Echo': ['1'] },
  });
  const { body: _, ...withoutBody } = { ...repl, method: 'DELETE', handle: '1' };
  await peer.whisper(sleuthContent('REPL', withoutBody));
  const second = (await peer.receive()).frames;
  assert.deepEqual([...second[0]!], [0xaa, 0xa1, 2, 2, 0, 3]);
  assert.deepEqual(readContent(second[1]!).value, { body: null, code: 204, handle: '1', header: {} });
});

test('we ask a libzmq peer by REPL as Go would, and take its RECV', async () => {
  const air = memoryAir();
  await using peer = await zeromqPeer({ type: 'rates', version: '1.0' });
  await using ours = await node(air);
  await met(air, peer, ours);
  const answer = ours.fetch('sleuth://rates/FR?d=1', {
    method: 'PUT',
    headers: { 'x-req': '7' },
    body: 'hello',
    timeoutMs: 5_000,
  });
  const { frames } = await peer.receive();
  const { kind, value } = readContent(frames[1]!);
  assert.equal(kind, 'SLEUTH-v1REPL');
  const handle = String(value.handle);
  assert.match(handle, /^[0-9a-f]{32}$/);
  assert.deepEqual(value, {
    body: Buffer.from('hello').toString('base64'),
    destination: ours.uuid,
    handle,
    header: { 'Content-Type': ['text/plain;charset=UTF-8'], 'X-Req': ['7'] },
    method: 'PUT',
    url: '/FR?d=1',
  });
  await peer.whisper(sleuthContent('RECV', { body: null, code: 202, handle, header: { 'X-A': ['1', '2'] } }));
  const response = await answer;
  assert.deepEqual([response.status, response.headers.get('x-a'), await response.text()], [202, '1, 2', '']);
});

test('a peer that was never seen by beacon is met by its HELLO alone', async () => {
  const air = memoryAir();
  await using peer = await zeromqPeer({ type: 'rates' });
  await using ours = await node(air);
  await peer.meet(air.said[0]!.port);
  assert.equal((await peer.receive()).from, `01${ours.uuid}`);
  await ours.waitFor(['rates']);
});

test('PING is answered by PING-OK, and a node that stops says LEAVE with the next counter', async () => {
  const air = memoryAir();
  await using peer = await zeromqPeer();
  const ours = await node(air, tax);
  await met(air, peer, ours);
  await peer.send(6);
  assert.deepEqual([...(await peer.receive()).frames[0]!], [0xaa, 0xa1, 7, 2, 0, 2]);
  const stopped = ours.stop();
  const [leave] = (await peer.receive()).frames;
  assert.equal(leave!.toString('latin1'), '\xaa\xa1\x05\x02\0\x03\x09SLEUTH-v1\x02');
  assert.deepEqual(air.said.at(-1), { uuid: ours.uuid, port: 0 });
  await stopped;
});

test('a pure client that is asked answers 404 rather than die of it', async () => {
  const air = memoryAir();
  await using peer = await zeromqPeer();
  await using ours = await node(air);
  await met(air, peer, ours);
  const repl = { destination: peer.uuid, handle: 'ab', header: {}, method: 'GET', url: '/' };
  await peer.whisper(sleuthContent('REPL', repl));
  const { value } = readContent((await peer.receive()).frames[1]!);
  assert.deepEqual([value.code, value.handle], [404, 'ab']);
});

test('a JOIN with a wrong counter, groups of others, SHOUT and messages of zyre change nothing', async () => {
  const air = memoryAir();
  await using peer = await zeromqPeer({ type: 'rates' });
  await using ours = await node(air);
  await met(air, peer, ours);
  const join = (group: string, status: number): Buffer =>
    Buffer.concat([Buffer.of(group.length), Buffer.from(group), Buffer.of(status)]);
  await peer.send(4, join('CHAT', 77));
  await peer.send(3, join('CHAT', 0).subarray(0, 5), Buffer.from('hello all'));
  await peer.send(8, Buffer.from('an election'));
  await peer.send(5, join('CHAT', 3));
  await peer.send(6);
  assert.equal((await peer.receive()).frames[0]![2], 7);
  assert.deepEqual(
    ours.peers.map(({ service }) => service),
    ['rates'],
  );
  await peer.send(5, join('SLEUTH-v1', 4));
  await peer.send(6);
  await peer.receive();
  await assert.rejects(ours.fetch('sleuth://rates/'), /nobody serves rates/);
  await peer.send(4, join('SLEUTH-v1', 5));
  await ours.waitFor(['rates']);
});
