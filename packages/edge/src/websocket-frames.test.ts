import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closeFrame, FrameTracker } from './websocket-frames.ts';

function frame(length: number, masked: boolean): Buffer {
  const mask = masked ? 0x80 : 0;
  let head: number[];
  if (length < 126) head = [0x82, mask | length];
  else if (length < 65_536) head = [0x82, mask | 126, length >> 8, length & 255];
  else
    head = [
      0x82,
      mask | 127,
      0,
      0,
      0,
      0,
      length >>> 24,
      (length >> 16) & 255,
      (length >> 8) & 255,
      length & 255,
    ];
  return Buffer.concat([Buffer.from(head), Buffer.alloc((masked ? 4 : 0) + length, 0xff)]);
}

test('frame ends are found wherever the bytes are cut', () => {
  for (const length of [0, 1, 125, 126, 65_535, 65_536]) {
    for (const masked of [false, true]) {
      const bytes = Buffer.concat([frame(length, masked), frame(3, masked)]);
      for (const size of [1, 2, 7, 1_000, bytes.length]) {
        const tracker = new FrameTracker();
        const boundaries: number[] = [];
        for (let at = 0; at < bytes.length; ) {
          const piece = bytes.subarray(at, at + size);
          tracker.advance(piece.subarray(0, 1));
          at += 1 + (tracker.atBoundary ? 0 : tracker.advanceToBoundary(piece.subarray(1)));
          if (tracker.atBoundary) boundaries.push(at);
        }
        assert.deepEqual(
          boundaries,
          [frame(length, masked).length, bytes.length],
          `${length} in pieces of ${size}`,
        );
      }
    }
  }
});

test('a Close frame carries its code', () => {
  assert.deepEqual([...closeFrame(1001)], [0x88, 2, 3, 0xe9]);
});
