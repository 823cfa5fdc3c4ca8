import assert from 'node:assert/strict';
import { test } from 'node:test';
import { liveScreen } from './live-screen.ts';
import { columns, cut, widthOf, wrapped } from './text.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal is steered by them
const STEERING = /\u001b\[(\d+)A|\u001b\[(0)J|\u001b\[(\?\d+[hl])|([\s\S])/g;

/** As much of a terminal as the screen uses: lines, moving up, wiping below. */
function terminal(width = 40, rows = 10) {
  const lines = [''];
  let row = 0;
  return {
    isTTY: true,
    columns: width,
    rows,
    lines,
    write(text: string) {
      for (const [, up, wipe, other, character] of text.matchAll(STEERING)) {
        if (up !== undefined) row = Math.max(0, row - Number(up));
        else if (wipe !== undefined) lines.splice(row, lines.length, '');
        else if (other !== undefined || character === '\r') continue;
        else if (character === '\n') lines[++row] ??= '';
        else lines[row] += character!;
      }
    },
  };
}

test('what is logged stays above a block that is always the last', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const output = terminal();
  let count = 0;
  const screen = liveScreen(output, () => [`block ${count}`, 'second line']);
  t.mock.timers.tick(50);
  assert.deepEqual(output.lines, ['block 0', 'second line', '']);
  screen.log('one\ntwo');
  count = 1;
  screen.changed();
  t.mock.timers.tick(50);
  assert.deepEqual(output.lines, ['one', 'two', 'block 1', 'second line', '']);
  count = 2;
  t.mock.timers.tick(1_000);
  assert.deepEqual(output.lines.slice(2), ['block 2', 'second line', '']);
  screen.log('last words');
  screen.close();
  assert.deepEqual(output.lines, ['one', 'two', 'last words', 'block 2', 'second line', '']);
});

test('the block is cut to the terminal, so that it can be wiped', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const output = terminal(8, 5);
  const screen = liveScreen(output, () => Array.from({ length: 20 }, (_, i) => `a long line ${i}`));
  t.mock.timers.tick(50);
  assert.deepEqual(output.lines, ['a long …', 'a long …', 'a long …', '']);
  screen.log('x');
  screen.close();
  assert.equal(output.lines.length, 5);
});

test('columns are aligned by what is seen, not by the colours', () => {
  const red = (text: string): string => `\u001b[31m${text}\u001b[39m`;
  assert.equal(
    columns(
      [
        ['a', red('bb'), 'c'],
        ['ddd', 'e', 'ff'],
      ],
      ['left', 'right', 'right'],
    ),
    `a    ${red('bb')}   c\nddd   e  ff`,
  );
  assert.equal(widthOf(red('bb')), 2);
  assert.equal(widthOf(cut(red('abcdef'), 4)), 4);
});

test('text is broken between words', () => {
  assert.equal(wrapped('one two three', 8), 'one two\nthree');
});
