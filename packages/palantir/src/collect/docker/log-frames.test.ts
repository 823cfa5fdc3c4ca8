import assert from 'node:assert/strict';
import test from 'node:test';
import { seededRandom } from '../../store/fixtures/random.ts';
import { logFrames, MAX_FRAME_BYTES, type StampedLine } from './log-frames.ts';
import { fullStamp, sinceOf } from './log-stamps.ts';

const AT = '2026-11-21T08:21:26.746398891Z';

function frame(stream: number, text: string): Buffer {
  const head = Buffer.alloc(8);
  head[0] = stream;
  head.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([head, Buffer.from(text)]);
}

function linesOf(hasTerminal: boolean, chunks: readonly Buffer[]): StampedLine[] {
  const frames = logFrames(hasTerminal);
  return [...chunks.flatMap((chunk) => frames.add(chunk)), ...frames.end()];
}

const WRITTEN = Buffer.concat([
  frame(1, `${AT} out: grüße\n`),
  frame(2, `${AT} {"level":"error"}\r\n`),
  frame(1, `${AT} a long line, `),
  frame(2, `${AT} between\n`),
  frame(1, `${AT} which goes on\n`),
  frame(1, `${AT} \n`),
  frame(2, `${AT} cut off`),
]);
const READ: readonly StampedLine[] = [
  { stream: 'stdout', stamp: AT, text: 'out: grüße' },
  { stream: 'stderr', stamp: AT, text: '{"level":"error"}' },
  { stream: 'stderr', stamp: AT, text: 'between' },
  { stream: 'stdout', stamp: AT, text: 'a long line, which goes on' },
  { stream: 'stdout', stamp: AT, text: '' },
  { stream: 'stderr', stamp: AT, text: 'cut off' },
];

test('however the bytes come, the lines of both streams are told apart and put together', () => {
  for (let cut = 0; cut <= WRITTEN.length; cut++)
    assert.deepEqual(linesOf(false, [WRITTEN.subarray(0, cut), WRITTEN.subarray(cut)]), READ);
  assert.deepEqual(
    linesOf(
      false,
      Array.from(WRITTEN, (byte) => Buffer.of(byte)),
    ),
    READ,
  );
});

test('with a terminal there are no frames, and lines end with carriage returns', () => {
  const text = Buffer.from(`${AT} one grüß\r\n${AT} two\r\nno time\r\n${AT} cut`);
  const expected: StampedLine[] = [
    { stream: 'stdout', stamp: AT, text: 'one grüß' },
    { stream: 'stdout', stamp: AT, text: 'two' },
    { stream: 'stdout', stamp: '', text: 'no time' },
    { stream: 'stdout', stamp: AT, text: 'cut' },
  ];
  for (let cut = 0; cut <= text.length; cut++)
    assert.deepEqual(linesOf(true, [text.subarray(0, cut), text.subarray(cut)]), expected);
});

test('bytes that are no frames are refused, and never take memory', () => {
  const tooLong = Buffer.from([1, 0, 0, 0, 255, 255, 255, 255]);
  assert.ok(tooLong.readUInt32BE(4) > MAX_FRAME_BYTES);
  for (const bytes of [tooLong, Buffer.from('HTTP/1.1 200'), Buffer.from([9, 0, 0, 0, 0, 0, 0, 1, 65])])
    assert.throws(() => linesOf(false, [bytes]), RangeError);
  const random = seededRandom(5);
  for (let round = 0; round < 2_000; round++) {
    const bytes = Buffer.from(WRITTEN);
    for (let i = 0; i < 4; i++) bytes[random(bytes.length)] = random(256);
    try {
      linesOf(false, [bytes]);
    } catch (error) {
      assert.ok(error instanceof RangeError);
    }
  }
  const endless = logFrames(true);
  for (let i = 0; i < 200; i++) assert.deepEqual(endless.add(Buffer.alloc(65_536, 'x')), []);
  assert.ok(endless.end()[0]!.text.length < 1_000_000);
});

test('stamps of any length compare as texts, and become the seconds that Docker asks for', () => {
  assert.equal(fullStamp('2026-11-21T08:21:26.7Z'), '2026-11-21T08:21:26.700000000Z');
  assert.equal(fullStamp('2026-11-21T08:21:26Z'), '2026-11-21T08:21:26.000000000Z');
  assert.equal(fullStamp(AT), AT);
  assert.equal(sinceOf(AT), '1795249286.746398891');
  assert.equal(sinceOf('2026-11-21T08:21:26.7Z'), '1795249286.700000000');
});
