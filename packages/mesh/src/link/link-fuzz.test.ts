/** Bytes that nobody meant, from a seed, so that a failure can be had again: GOBLIN_FUZZ_SEED and GOBLIN_FUZZ_ROUNDS set
 * what is run. Whatever comes, an end goes on or cuts the link; nothing is thrown, nothing hangs and others are served. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { clientOf, GoblinError } from '@goblin/core';
import { seededRandom } from '../balance/testing/seeded-random.ts';
import { peerAt } from '../testing/peer-at.ts';
import { probe } from '../testing/transport-cases.ts';
import { until } from '../testing/until.ts';
import { FrameReader } from './frame-reader.ts';
import { CALL, CANCEL, DRAIN, END, ERROR, ITEM, METHOD, PING, PREFACE, REPLY, WINDOW } from './frames.ts';
import { linkTransport } from './link-transport.ts';
import { callBody, frame, hello, RawLink, rawAnswerer } from './testing/raw-link.ts';
import { metric, serveLinks } from './testing/serve-links.ts';
import { LinkViolation } from './violation.ts';

const SEED = Number(process.env.GOBLIN_FUZZ_SEED ?? 20_261);
const ROUNDS = Number(process.env.GOBLIN_FUZZ_ROUNDS ?? 150);
const TYPES = [METHOD, CALL, REPLY, ERROR, ITEM, END, WINDOW, CANCEL, PING, DRAIN, 0, 255];
const INPUTS = [
  '{"text":"x"}',
  '{}',
  '',
  '{"to":3,"padding":9}',
  '[[[[',
  '\xff\xfe',
  '{"__proto__":{"text":1}}',
];

type Random = () => number;

function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)]!;
}

function garbage(random: Random, most: number): Buffer {
  return Buffer.from(Array.from({ length: Math.floor(random() * most) }, () => Math.floor(random() * 256)));
}

/** A frame that is right, nearly right or not at all. */
function anyFrame(random: Random): Buffer {
  const id = pick(random, [0, 0, 1, 2, 65_536, 0xffff_ffff]);
  const made = random();
  if (made < 0.4) {
    const flags = random() < 0.8 ? 0 : Math.floor(random() * 256);
    return frame(CALL, id, callBody(pick(random, INPUTS), Math.floor(random() * 5), flags));
  }
  if (made < 0.9)
    return frame(pick(random, TYPES), id, random() < 0.5 ? pick(random, INPUTS) : garbage(random, 40));
  return garbage(random, 60);
}

/** As it is, with a byte changed, cut off, or twice. */
function mangled(random: Random, bytes: Buffer): Buffer {
  const how = random();
  if (how < 0.6 || bytes.length === 0) return bytes;
  const at = Math.floor(random() * bytes.length);
  if (how < 0.8) {
    const changed = Buffer.from(bytes);
    changed[at] = Math.floor(random() * 256);
    return changed;
  }
  return how < 0.9 ? bytes.subarray(0, at) : Buffer.concat([bytes, bytes]);
}

function conversation(random: Random): Buffer {
  const frames = Array.from({ length: 1 + Math.floor(random() * 12) }, () =>
    mangled(random, anyFrame(random)),
  );
  return Buffer.concat(frames);
}

function chunks(random: Random, bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const next = at + 1 + Math.floor(random() * 50);
    pieces.push(bytes.subarray(at, next));
    at = next;
  }
  return pieces;
}

test('the reader gives the same frames however garbage is split, and refuses the same', () => {
  const random = seededRandom(SEED);
  for (let round = 0; round < ROUNDS * 20; round++) {
    const bytes = conversation(random);
    const whole = framesOf([bytes]);
    assert.deepEqual(framesOf(chunks(random, bytes)), whole, `seed ${SEED}, round ${round}`);
  }
});

function framesOf(pieces: readonly Buffer[]): string[] {
  const frames: string[] = [];
  const reader = new FrameReader(4_096, (bytes, start, end) =>
    frames.push(bytes.toString('hex', start, end)),
  );
  try {
    for (const piece of pieces) reader.push(piece);
  } catch (error) {
    assert.ok(error instanceof LinkViolation);
    frames.push('violation');
  }
  return frames;
}

test('an answering end survives what callers make up, and leaves nothing behind', async () => {
  const random = seededRandom(SEED);
  await using served = await serveLinks();
  const names = ['echo', 'count', 'refuse', 'nothing'].map((name, id) =>
    frame(METHOD, id, `/probe.v1/${name}`),
  );
  for (let round = 0; round < ROUNDS; round++) {
    using caller = new RawLink(connect(served.port, '127.0.0.1'));
    const bytes = Buffer.concat([
      mangled(random, Buffer.concat([PREFACE, hello(), ...(random() < 0.9 ? names : [])])),
      conversation(random),
    ]);
    for (const piece of random() < 0.5 ? [bytes] : chunks(random, bytes)) caller.send(piece);
    caller.socket.end();
    await until(() => caller.ended, `the link is closed, seed ${SEED}, round ${round}`);
  }
  await until(() => served.record.running === 0, 'no handler runs');
  await until(() => metric(served.telemetry, 'link_open', 'server') === 0, 'no link is open');
  const transport = linkTransport();
  const client = clientOf(probe, (call) => transport.call(served.peer, call));
  assert.deepEqual(await client.echo({ text: 'still there' }), { text: 'still there' });
  await transport.close();
});

test('a calling end survives what peers make up: each call settles with a coded error or an answer', async () => {
  const random = seededRandom(SEED + 1);
  const alive = setInterval(() => {}, 60_000);
  for (let round = 0; round < ROUNDS; round++) {
    await using answerer = await rawAnswerer();
    const transport = linkTransport();
    const peer = peerAt({ host: '127.0.0.1', port: answerer.port });
    const client = clientOf(probe, (call) => transport.call(peer, call));
    const settled = Promise.allSettled([
      client.echo({ text: 'x' }, { deadline: '2s' }),
      Array.fromAsync(client.count({ to: 2, padding: 0 }, { deadline: '2s' })),
    ]);
    const other = await answerer.link;
    other.send(mangled(random, hello()), conversation(random));
    other.socket.end();
    for (const outcome of await settled) {
      if (outcome.status === 'rejected')
        assert.ok(outcome.reason instanceof GoblinError, `seed ${SEED}, round ${round}: ${outcome.reason}`);
    }
    await transport.close();
  }
  clearInterval(alive);
});
