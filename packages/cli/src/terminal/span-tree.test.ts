import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { coloursFor } from './colours.ts';
import { type ShownSpan, spanTree } from './span-tree.ts';
import { sparkline } from './sparkline.ts';
import { widthOf } from './text.ts';

const plain = coloursFor({ write: () => {} }, {});
const colourful = coloursFor({ write: () => {}, isTTY: true }, {});
const WIDTH = 100;

function span(spanId: string, parentId: string | undefined, startMs: number, ms: number): ShownSpan {
  return {
    spanId,
    ...(parentId !== undefined && { parentId }),
    name: `do ${spanId}`,
    service: 'tax',
    startNs: String(1_795_000_000_000_000_000n + BigInt(startMs * 1e6)),
    durationNs: ms * 1e6,
    status: 'ok',
  };
}

test('spans stand below their parents in order of time, each with its bar on the time of the whole', () => {
  const spans = [
    span('late', 'root', 50, 50),
    span('root', undefined, 0, 100),
    span('early', 'root', 0, 25),
    { ...span('deep', 'late', 50, 25), status: 'error' as const, statusMessage: 'no' },
  ];
  const lines = spanTree(spans, plain, WIDTH);
  assert.deepEqual(
    lines.map((line) => line.slice(0, 25).trimEnd()),
    ['tax do root', '├ tax do early', '└ tax do late', '  └ tax do deep ✗ no'],
  );
  const bars = lines.map((line) => line.slice(-40).padEnd(40).split(''));
  const from = bars.map((bar) => bar.indexOf('━'));
  const length = bars.map((bar) => bar.filter((cell) => cell === '━').length);
  assert.deepEqual(length, [40, 10, 20, 10]);
  assert.equal(from[0], 0);
  assert.match(lines[0]!, /100 ms/);
});

test('a span whose parent never came is a root, and long names are cut to the width', () => {
  const spans = [span('a'.repeat(300), 'lost', 0, 1), span('b', undefined, 1, 1)];
  const lines = spanTree(spans, colourful, WIDTH);
  assert.equal(lines.length, 2);
  for (const line of lines) assert.ok(widthOf(line) <= WIDTH, stripVTControlCharacters(line));
  assert.deepEqual(spanTree([], plain), []);
});

test('a line of blocks shows the least and the most, and what is not there as a gap', () => {
  assert.equal(sparkline([0, 7, Number.NaN, 3.5]), '▁█ ▅');
  assert.equal(sparkline([5, 5]), '▁▁');
  assert.equal(sparkline([]), '');
});
