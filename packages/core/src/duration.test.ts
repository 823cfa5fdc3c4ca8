import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, milliseconds } from './duration.ts';

test('durations are read in each unit, and numbers are milliseconds', () => {
  const cases: [string | number, number][] = [
    ['250ms', 250],
    ['5s', 5_000],
    ['1.5h', 5_400_000],
    ['10m', 600_000],
    ['30d', 2_592_000_000],
    ['0s', 0],
    [1_234.5, 1_234.5],
  ];
  for (const [text, expected] of cases) assert.equal(milliseconds(text as number), expected);
});

test('sizes are read in each unit, in whole bytes', () => {
  const cases: [string | number, number][] = [
    ['512b', 512],
    ['64kb', 65_536],
    ['1.5mb', 1_572_864],
    ['2gb', 2_147_483_648],
    ['0.3kb', 307],
    [10, 10],
  ];
  for (const [text, expected] of cases) assert.equal(bytes(text as number), expected);
});

test('whatever is not of the form is refused, with what would be right', () => {
  const huge = `${'9'.repeat(400)}s`;
  const wrong = [
    '',
    '5',
    's',
    '5 s',
    '-5s',
    '5S',
    '1e3s',
    '.5s',
    '5kb',
    '5constructor',
    huge,
    -1,
    Number.NaN,
    Infinity,
  ];
  for (const text of wrong) {
    assert.throws(() => milliseconds(text as number), {
      code: 'INVALID_INPUT',
      message: / is not a duration such as '250ms', '5s', '10m', '2h' or '1d'$/,
    });
  }
  assert.throws(() => bytes('5s' as never), {
    code: 'INVALID_INPUT',
    message: /^"5s" is not a size such as/,
  });
  assert.throws(() => bytes(Infinity), { message: /^Infinity is not a size/ });
});
