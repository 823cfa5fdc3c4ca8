/** Bytes that nobody meant, at the door of a running service, from a seed, so that a failure can be had again:
 * GOBLIN_FUZZ_SEED and GOBLIN_FUZZ_ROUNDS set what is run. The parsers alone are fuzzed by `npm run fuzz`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { seededRandom } from '../balance/testing/seeded-random.ts';
import { announcement, recorder, testProcess } from '../discovery/testing/recorder.ts';
import { until } from '../testing/until.ts';
import { openSleuth } from './open-sleuth.ts';
import { memoryAir } from './testing/memory-beacon.ts';
import { hello, introduction, message, rawZrePeer } from './testing/raw-zre-peer.ts';
import { decodeBeaconSignal, encodeBeaconSignal } from './zre-beacon.ts';
import type { ZreMessage } from './zre-codec.ts';

const SEED = Number(process.env.GOBLIN_FUZZ_SEED ?? 20_261);
const ROUNDS = Number(process.env.GOBLIN_FUZZ_ROUNDS ?? 120);

type Random = () => number;

function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)]!;
}

function garbage(random: Random, most: number): Buffer {
  return Buffer.from(Array.from({ length: Math.floor(random() * most) }, () => Math.floor(random() * 256)));
}

/** As it is, with a byte changed, cut off, or twice. */
function mangled(random: Random, bytes: Buffer): Buffer {
  const how = random();
  const at = Math.floor(random() * bytes.length);
  if (how < 0.6 || bytes.length === 0) return bytes;
  if (how < 0.8) {
    const changed = Buffer.from(bytes);
    changed[at] = Math.floor(random() * 256);
    return changed;
  }
  return how < 0.9 ? bytes.subarray(0, at) : Buffer.concat([bytes, bytes]);
}

function anyContent(random: Random): Buffer {
  const prefix = pick(random, ['SLEUTH-v1REPL', 'SLEUTH-v1RECV', 'SLEUTH-v1', '']);
  const json = pick(random, [
    '{"destination":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","handle":"0","header":{},"method":"GET","url":"/"}',
    '{"body":"aGk=","code":200,"handle":"0","header":{"A":["1"]}}',
    '{"destination":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","handle":"0","header":{"\\r\\n":["x"]},"method":"TRACE","url":"//"}',
    '{"__proto__":{"handle":"0"}}',
    'null',
    '[[[[',
  ]);
  return Buffer.concat([Buffer.from(prefix), mangled(random, gzipSync(json, { level: 1 }))]);
}

function anyMessage(random: Random, uuid: string, port: number, sequence: number): Buffer {
  const kinds: (() => ZreMessage)[] = [
    () => ({ kind: 'whisper', content: anyContent(random) }),
    () => ({ kind: 'whisper', content: garbage(random, 80) }),
    () => ({ kind: 'shout', group: 'CHAT', content: garbage(random, 80) }),
    () => ({
      kind: 'join',
      group: pick(random, ['CHAT', 'SLEUTH-v1', '']),
      status: Math.floor(random() * 256),
    }),
    () => ({
      kind: 'leave',
      group: pick(random, ['CHAT', 'SLEUTH-v1', '']),
      status: Math.floor(random() * 256),
    }),
    () => ({ kind: 'ping' }),
    () => ({ kind: 'pingOk' }),
    () => hello(uuid, port, { headers: new Map([['type', garbage(random, 20).toString('latin1')]]) }),
  ];
  if (random() < 0.1) return garbage(random, 60);
  return message(pick(random, kinds)(), random() < 0.9 ? sequence : Math.floor(random() * 65_536));
}

test('whatever strangers send to a service, it serves on, and the directory of the mesh is as it was', async () => {
  const random = seededRandom(SEED);
  const air = memoryAir();
  const { directory, telemetry } = testProcess(announcement('tax-1'));
  directory.heard(announcement('rates-1'), { by: 'tests', at: 0, forMs: Number.POSITIVE_INFINITY });
  const known = JSON.stringify(directory.peers);
  const serve = { name: 'tax', handler: async (request: Request) => new Response(await request.text()) };
  const node = await openSleuth({ interface: 'loopback', serve }, { telemetry, beacon: air.beacon() });
  const { port } = air.said[0]!;
  for (let round = 0; round < ROUNDS; round++) {
    const uuid: string = pick(random, ['A', 'B', 'C', '0']).repeat(32);
    await using peer = await rawZrePeer(port, uuid);
    if (random() < 0.3)
      air.say({ uuid, port: Math.floor(random() * 65_536) }, pick(random, ['127.0.0.1', '127.0.0.2', '']));
    const socket = await peer.open();
    const all = [mangled(random, introduction(uuid)), mangled(random, message(hello(uuid, peer.port), 1))];
    for (let i = 0; i < random() * 12; i++)
      all.push(mangled(random, anyMessage(random, uuid, peer.port, i + 2)));
    const bytes = Buffer.concat(all);
    for (let at = 0; at < bytes.length; ) {
      const next = at + 1 + Math.floor(random() * 400);
      socket.write(bytes.subarray(at, next));
      at = next;
    }
    if (random() < 0.5) socket.end();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(telemetry.value('sleuth_ignored_total{violation}') > 0);
  await until(() => node.peers.length === 0, 'all of them are gone');
  assert.equal(JSON.stringify(directory.peers), known);

  await using good = await openSleuth(
    { interface: 'loopback' },
    { telemetry: recorder(), beacon: air.beacon() },
  );
  await good.waitFor(['tax']);
  const answer = await good.fetch('sleuth://tax/', { method: 'POST', body: 'still here', timeoutMs: 5_000 });
  assert.equal(await answer.text(), 'still here');
  await node.stop();
});

test('a beacon is 22 bytes of version 1, and nothing else is one', () => {
  const bytes = Buffer.from('5a524501000102030405060708090a0b0c0d0e0fc000', 'hex');
  const signal = { uuid: '000102030405060708090A0B0C0D0E0F', port: 49_152 };
  assert.deepEqual(decodeBeaconSignal(bytes), signal);
  assert.deepEqual(encodeBeaconSignal(signal), bytes);
  for (let length = 0; length < bytes.length; length++)
    assert.equal(decodeBeaconSignal(bytes.subarray(0, length)), undefined);
  assert.equal(decodeBeaconSignal(Buffer.concat([bytes, Buffer.of(0)])), undefined);
  assert.equal(decodeBeaconSignal(Buffer.from(bytes).fill(3, 3, 4)), undefined);
});
