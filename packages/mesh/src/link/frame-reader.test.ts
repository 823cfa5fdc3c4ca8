import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameReader } from './frame-reader.ts';
import { CALL, PREFACE, REPLY } from './frames.ts';
import { frame } from './testing/raw-link.ts';
import { LinkViolation } from './violation.ts';

/** Frames as text, read from these chunks. */
function read(chunks: readonly Buffer[], preface?: Buffer, maxLength = 1_000): string[] {
  const frames: string[] = [];
  const reader = new FrameReader(
    maxLength,
    (bytes, start, end) => frames.push(bytes.toString('latin1', start, end)),
    preface,
  );
  for (const chunk of chunks) reader.push(chunk);
  return frames;
}

const FRAMES = [frame(CALL, 7, 'one'), frame(REPLY, 8, ''), frame(REPLY, 0xffff_ffff, 'x'.repeat(300))];
const STREAM = Buffer.concat([PREFACE, ...FRAMES]);
const TEXTS = FRAMES.map((bytes) => bytes.toString('latin1', 4));

test('frames are the same at whichever byte what comes is split', () => {
  assert.deepEqual(read([STREAM], PREFACE), TEXTS);
  for (let at = 0; at <= STREAM.length; at++)
    assert.deepEqual(read([STREAM.subarray(0, at), STREAM.subarray(at)], PREFACE), TEXTS, `split at ${at}`);
  assert.deepEqual(
    read(
      [...STREAM].map((byte) => Buffer.from([byte])),
      PREFACE,
    ),
    TEXTS,
  );
});

test('a frame that is not complete is not handed over', () => {
  assert.deepEqual(read([STREAM.subarray(0, -1)], PREFACE), TEXTS.slice(0, 2));
});

test('a frame beyond the limit or without a head is refused by its length alone', () => {
  const longest = frame(CALL, 1, 'x'.repeat(995));
  assert.equal(read([longest]).length, 1);
  for (const wrong of [frame(CALL, 1, 'x'.repeat(996)).subarray(0, 4), Buffer.from([0, 0, 0, 4])])
    for (const chunks of [[wrong], [...wrong].map((byte) => Buffer.from([byte]))])
      assert.throws(() => read(chunks), LinkViolation);
});

test('what does not begin with the preface is refused', () => {
  const wrong = Buffer.from(STREAM);
  wrong[3]! ^= 1;
  assert.throws(() => read([wrong], PREFACE), LinkViolation);
});

test('a frame that trickles in holds no more than has come of it, twice over', () => {
  const reader = new FrameReader(64 * 1_048_576, () => {});
  reader.push(Buffer.from([3, 0, 0, 0, CALL]));
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 1_000; i++) reader.push(Buffer.alloc(100));
  assert.ok(process.memoryUsage().arrayBuffers - before < 1_048_576);
});
