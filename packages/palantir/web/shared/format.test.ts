import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clockTime, several } from './format.ts';

test('a time of another day has the date of the zone that its clock is in', () => {
  const before = process.env.TZ;
  process.env.TZ = 'America/New_York';
  try {
    const evening = Date.UTC(2026, 10, 22, 2, 30);
    assert.equal(clockTime(evening, evening), '21:30:00');
    assert.equal(clockTime(evening, Date.UTC(2026, 10, 22, 12)), '2026-11-21 21:30:00');
  } finally {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  }
});

test('one is not many', () => {
  assert.equal(several(1, 'change'), '1 change');
  assert.equal(several(0, 'line'), '0 lines');
  assert.equal(several(1_200, 'line'), '1,200 lines');
});
