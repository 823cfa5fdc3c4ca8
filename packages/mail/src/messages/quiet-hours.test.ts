import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkQuietHours, type QuietHours, quietUntil } from './quiet-hours.ts';

function until(hours: Partial<QuietHours>, now: string): string | undefined {
  const end = quietUntil({ from: '22:00', until: '07:00', zone: 'Europe/Berlin', ...hours }, Date.parse(now));
  return end === undefined ? undefined : new Date(end).toISOString();
}

test('quiet hours over midnight end in the morning of the zone', () => {
  assert.equal(until({}, '2026-06-01T19:59:59Z'), undefined);
  assert.equal(until({}, '2026-06-01T20:00:00Z'), '2026-06-02T05:00:00.000Z');
  assert.equal(until({}, '2026-06-02T04:59:59Z'), '2026-06-02T05:00:00.000Z');
  assert.equal(until({}, '2026-06-02T05:00:00Z'), undefined);
  assert.equal(
    until({ from: '12:00', until: '14:00', zone: 'Asia/Tokyo' }, '2026-06-01T04:30:00Z'),
    '2026-06-01T05:00:00.000Z',
  );
});

test('they end by the clock on the wall also when that jumps', () => {
  // Berlin, 29 March 2026: 02:00 becomes 03:00. An end at 02:30 is passed by the jump.
  assert.equal(until({ until: '07:00' }, '2026-03-28T22:30:00Z'), '2026-03-29T05:00:00.000Z');
  assert.equal(until({ until: '02:30' }, '2026-03-29T00:10:00Z'), '2026-03-29T01:00:00.000Z');
  // 25 October 2026: 03:00 becomes 02:00.
  assert.equal(until({ until: '07:00' }, '2026-10-24T21:30:00Z'), '2026-10-25T06:00:00.000Z');
  assert.equal(until({ zone: 'Australia/Lord_Howe' }, '2026-10-03T12:00:00Z'), '2026-10-03T20:00:00.000Z');
});

test('times and zones that are none are refused', () => {
  for (const wrong of [{ from: '24:00' }, { until: '7:00' }, { zone: 'Europe/Atlantis' }, { until: '22:00' }])
    assert.throws(() => checkQuietHours({ from: '22:00', until: '07:00', zone: 'UTC', ...wrong }), {
      code: 'INVALID_INPUT',
    });
});
