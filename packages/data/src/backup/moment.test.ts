import assert from 'node:assert/strict';
import { test } from 'node:test';
import { momentOf } from './moment.ts';

const utc = (text: string, zone?: string): string => momentOf(text, zone).at.toISOString();

test('a moment without a zone is local time, and says so', () => {
  assert.deepEqual(momentOf('2026-11-20 12:00', 'Europe/Berlin'), {
    at: new Date('2026-11-20T11:00:00Z'),
    assumedZone: 'Europe/Berlin',
  });
  assert.equal(utc('2026-07-20 12:00', 'Europe/Berlin'), '2026-07-20T10:00:00.000Z');
  assert.equal(utc('2026-11-20', 'America/New_York'), '2026-11-20T05:00:00.000Z');
  assert.equal(utc('2026-11-20 12:00', 'Asia/Kolkata'), '2026-11-20T06:30:00.000Z');
  assert.equal(utc('2026-11-20 12:00', 'UTC'), '2026-11-20T12:00:00.000Z');
});

test('a moment with a zone means the same everywhere', () => {
  for (const text of [
    '2026-11-20T12:00:30.5Z',
    '2026-11-20 12:00:30.500 UTC',
    '2026-11-20T13:00:30.5+01:00',
    '2026-11-20T06:30:30.5-0530',
  ]) {
    const { at, assumedZone } = momentOf(text, 'Australia/Lord_Howe');
    assert.deepEqual([at.toISOString(), assumedZone], ['2026-11-20T12:00:30.500Z', undefined]);
  }
});

test('an hour that occurs twice is refused, with both ways to write it', () => {
  assert.throws(() => momentOf('2026-10-25 02:30', 'Europe/Berlin'), {
    code: 'INVALID_INPUT',
    message: /twice in Europe\/Berlin.*02:30\+02:00 or .*02:30\+01:00/,
  });
  assert.throws(() => momentOf('2026-11-01 01:59:59', 'America/New_York'), /-04:00 or .*-05:00/);
  assert.throws(() => momentOf('2026-04-05 01:45', 'Australia/Lord_Howe'), /\+11:00 or .*\+10:30/);
  assert.equal(utc('2026-10-25 03:00', 'Europe/Berlin'), '2026-10-25T02:00:00.000Z');
});

test('an hour that the clocks leap over is refused', () => {
  assert.throws(() => momentOf('2026-03-29 02:30', 'Europe/Berlin'), {
    message: /does not exist in Europe\/Berlin/,
  });
  assert.equal(utc('2026-03-29 01:59', 'Europe/Berlin'), '2026-03-29T00:59:00.000Z');
  assert.equal(utc('2026-03-29 03:00', 'Europe/Berlin'), '2026-03-29T01:00:00.000Z');
});

test('what is no moment is refused with an example', () => {
  for (const text of [
    '',
    'yesterday',
    '12:00',
    '2026-02-30 12:00',
    '2026-13-01',
    '2026-11-20 24:30',
    '20.11.2026',
    '2026-11-20 12:00 CET',
  ])
    assert.throws(
      () => momentOf(text, 'UTC'),
      { code: 'INVALID_INPUT', message: /write 2026-11-20 12:00/ },
      text,
    );
});
