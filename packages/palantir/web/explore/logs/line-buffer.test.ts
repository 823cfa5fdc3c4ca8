import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogLine } from '../../../src/model.ts';
import { LineBuffer, MAX_TAIL_LINES } from './line-buffer.ts';

const line = (body: string): LogLine => ({ atMs: 0, severity: 9, body, service: 'tax', attributes: {} });

test('the newest lines come first, and never more than so many are held', () => {
  const buffer = new LineBuffer();
  for (let round = 0; round < 300; round++)
    buffer.add(Array.from({ length: 10 }, (_, index) => line(String(round * 10 + index))));
  assert.equal(buffer.lines.length, MAX_TAIL_LINES);
  assert.equal(buffer.lines[0]!.body, '2999');
  assert.equal(buffer.lines.at(-1)!.body, '2000');
  assert.equal(new Set(buffer.lines.map(({ number }) => number)).size, MAX_TAIL_LINES);
});

test('while it is paused nothing moves, what comes waits within the bound, and is shown afterwards', () => {
  const buffer = new LineBuffer();
  buffer.add([line('before')]);
  buffer.pause();
  const { lines } = buffer;
  for (let index = 0; index < 2_000; index++) buffer.add([line(String(index))]);
  assert.equal(buffer.lines, lines);
  assert.equal(buffer.waiting, MAX_TAIL_LINES);
  buffer.resume();
  assert.equal(buffer.lines[0]!.body, '1999');
  assert.deepEqual([buffer.lines.length, buffer.waiting, buffer.isPaused], [MAX_TAIL_LINES, 0, false]);
});
