import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { until } from '../testing/until.ts';
import { FrameReader } from './frame-reader.ts';
import { BATCH_BYTES, FrameWriter, roomFor } from './frame-writer.ts';
import { REPLY } from './frames.ts';

interface Pair extends AsyncDisposable {
  readonly near: Socket;
  readonly far: Socket;
  /** The payloads that the far end has read. */
  readonly texts: string[];
}

async function pair(): Promise<Pair> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [far] = (await once(server, 'connection')) as [Socket];
  const texts: string[] = [];
  const reader = new FrameReader(1 << 26, (bytes, start, end) =>
    texts.push(bytes.toString('utf8', start + 5, end)),
  );
  far.on('data', (chunk) => reader.push(chunk));
  return {
    near,
    far,
    texts,
    async [Symbol.asyncDispose]() {
      near.destroy();
      far.destroy();
      server.close();
    },
  };
}

test('what is written within a turn of the loop goes out as one', async () => {
  await using p = await pair();
  const out = new FrameWriter(p.near);
  for (let i = 0; i < 100; i++) out.frame(REPLY, i, `answer ${i}`);
  assert.equal(out.batches, 0);
  await until(() => p.texts.length === 100, 'all have come');
  assert.equal(out.batches, 1);
  assert.deepEqual(p.texts.slice(0, 2), ['answer 0', 'answer 1']);
});

test('text of any length and script arrives as it was, also beyond a batch', async () => {
  await using p = await pair();
  const out = new FrameWriter(p.near);
  const texts = [
    '',
    'é'.repeat(999),
    '\u{1f600}'.repeat(20_000),
    'x'.repeat(BATCH_BYTES),
    'last',
    'ü'.repeat(500_000),
  ];
  for (const text of texts) out.frame(REPLY, 1, text);
  out.frame(REPLY, 1, Buffer.from('bytes'));
  await until(() => p.texts.length === texts.length + 1, 'all have come');
  assert.ok(p.texts.every((text, i) => text === (texts[i] ?? 'bytes')));
});

test('a buffer that the socket has not taken is not written to again', async () => {
  await using p = await pair();
  const out = new FrameWriter(p.near);
  p.far.pause();
  const texts = Array.from({ length: 3_000 }, (_, i) => `${i}`.padEnd(4_000, '.'));
  for (const text of texts) {
    out.frame(REPLY, 1, text);
    if (text.startsWith('1')) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(out.backlog > 1_000_000);
  p.far.resume();
  await until(() => p.texts.length === texts.length, 'all have come');
  assert.ok(p.texts.every((text, i) => text === texts[i]));
});

test('to a socket that is gone nothing is written, and that is no error', async () => {
  await using p = await pair();
  const out = new FrameWriter(p.near);
  p.near.destroy();
  out.frame(REPLY, 1, 'lost');
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(out.batches, 0);
});

test('the room for a payload is never too small', () => {
  for (const text of ['', 'a', 'é', '€', '\u{1f600}', '\ud800', '€'.repeat(30_000)])
    assert.ok(roomFor(text) >= Buffer.byteLength(text));
});

test('what a slow reader leaves behind takes about as much memory as it has bytes', async () => {
  await using p = await pair();
  const out = new FrameWriter(p.near);
  p.far.pause();
  await until(() => {
    out.frame(REPLY, 1, 'x'.repeat(60_000));
    return p.near.writableLength > 0;
  }, 'the socket is full');
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 2_000; i++) {
    out.frame(REPLY, i, 'x'.repeat(100));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(process.memoryUsage().arrayBuffers - before < 4 * 1_048_576);
});
