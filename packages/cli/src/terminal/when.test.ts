import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration, localTime } from './when.ts';

test('a time is told in the zone that is named, which it says', () => {
  assert.equal(localTime('2026-10-25T00:30:00Z', 'Europe/Berlin'), '2026-10-25 02:30:00 CEST');
  assert.equal(localTime('2026-10-25T01:30:00Z', 'Europe/Berlin'), '2026-10-25 02:30:00 CET');
  assert.equal(localTime('2026-10-25T01:30:00Z', 'UTC'), '2026-10-25 01:30:00 UTC');
});

test('a duration is told in the unit that fits', () => {
  for (const [seconds, text] of [
    [null, '-'],
    [0.24, '0.2 s'],
    [42, '42 s'],
    [600, '10 min'],
    [36_000, '10 h'],
    [864_000, '10 d'],
  ] as const)
    assert.equal(duration(seconds), text);
});
