import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GoblinError } from '@goblin/core';
import { nextFires, nextSlot, slotsAfter, slotsBetween } from './slots.ts';
import { type ScheduleSpec, scheduleSpec } from './spec.ts';

/** The slots of a cron as the clock on the wall of its zone shows them, with the offset: `29 03:00+2`. */
function wall(cron: string, zone: string, from: string, count: number): string[] {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'shortOffset',
  });
  return nextFires({ cron, zone }, count, new Date(from)).map((slot) => {
    const parts = Object.fromEntries(format.formatToParts(slot).map(({ type, value }) => [type, value]));
    return `${parts.day} ${parts.hour}:${parts.minute}${parts.timeZoneName!.replace('GMT', '')}`;
  });
}

/** Of 2026: the day before, a time inside the gap, when the gap ends; a time that comes twice. */
const ZONES = [
  {
    zone: 'Europe/Berlin',
    spring: {
      from: '2026-03-28T11:00:00Z',
      missing: '30 2',
      day: '29',
      ends: '03:00+2',
      offsets: ['+1', '+2'],
    },
    autumn: { from: '2026-10-24T10:00:00Z', twice: '30 2', at: '02:30', day: '25', offsets: ['+2', '+1'] },
  },
  {
    zone: 'America/New_York',
    spring: {
      from: '2026-03-07T17:00:00Z',
      missing: '30 2',
      day: '08',
      ends: '03:00-4',
      offsets: ['-5', '-4'],
    },
    autumn: { from: '2026-10-31T16:00:00Z', twice: '30 1', at: '01:30', day: '01', offsets: ['-4', '-5'] },
  },
  {
    zone: 'Australia/Lord_Howe',
    spring: {
      from: '2026-10-03T01:30:00Z',
      missing: '15 2',
      day: '04',
      ends: '02:30+11',
      offsets: ['+10:30', '+11'],
    },
    autumn: {
      from: '2026-04-04T01:00:00Z',
      twice: '45 1',
      at: '01:45',
      day: '05',
      offsets: ['+11', '+10:30'],
    },
  },
] as const;

for (const { zone, spring, autumn } of ZONES) {
  test(`${zone}: a time of day that the spring leaves out is due once that day, when the gap ends`, () => {
    const [first, second] = wall(`0 ${spring.missing} * * *`, zone, spring.from, 2);
    assert.equal(first, `${spring.day} ${spring.ends}`);
    const [minute, hour] = spring.missing.split(' ');
    const next = String(Number(spring.day) + 1).padStart(2, '0');
    assert.equal(second, `${next} ${hour!.padStart(2, '0')}:${minute}${spring.offsets[1]}`);
  });

  test(`${zone}: a time of day that the autumn has twice is due the first time only`, () => {
    const slots = wall(`0 ${autumn.twice} * * *`, zone, autumn.from, 2);
    const next = String(Number(autumn.day) + 1).padStart(2, '0');
    assert.deepEqual(slots, [
      `${autumn.day} ${autumn.at}${autumn.offsets[0]}`,
      `${next} ${autumn.at}${autumn.offsets[1]}`,
    ]);
  });

  test(`${zone}: quarters of an hour are 15 minutes apart through both changes`, () => {
    for (const { from } of [spring, autumn]) {
      const slots = nextFires({ cron: '0 */15 * * * *', zone }, 200, new Date(from)).map(Number);
      assert.equal(new Set(slots.map((slot, n) => slot - n * 900_000)).size, 1);
    }
  });

  test(`${zone}: whenever one looks, back or ahead, the slots are the same through both changes`, () => {
    const crons = [
      '0 30 2 * * *',
      '0 45 1 * * *',
      '0 15 2 * * *',
      '0 30 * * * *',
      '0 */15 1-3 * * *',
      '0 0,30 2 * * *',
    ];
    for (const { from } of [spring, autumn]) {
      const begin = Date.parse(from);
      const end = begin + 36 * 3_600_000;
      for (const cron of crons) {
        const spec = scheduleSpec('test', { cron, zone });
        const ahead = slotsAfter(spec, 200, begin)
          .map(Number)
          .filter((slot) => slot <= end);
        assert.deepEqual(slotsBetween(spec, begin + 1, end), ahead, cron);
        for (let at = begin; at < end; at += 1_234_567)
          assert.equal(nextSlot(spec, at), ahead.find((slot) => slot > at) ?? nextSlot(spec, end), cron);
      }
    }
  });
}

test('ranges and lists follow the clock on the wall: left out in the gap, twice in the hour that comes twice', () => {
  assert.deepEqual(wall('0 0,30 2 * * *', 'Europe/Berlin', '2026-03-28T11:00:00Z', 1), ['30 02:00+2']);
  assert.deepEqual(wall('0 0,30 2 * * *', 'Europe/Berlin', '2026-10-24T10:00:00Z', 5), [
    '25 02:00+2',
    '25 02:30+2',
    '25 02:00+1',
    '25 02:30+1',
    '26 02:00+1',
  ]);
});

test('of many slots the newest 1,000 are found, the same ones as one by one, through both changes', () => {
  for (const { zone, spring, autumn } of ZONES) {
    for (const { from } of [spring, autumn]) {
      const spec = scheduleSpec('test', { cron: '0 * * * * *', zone });
      const ahead = slotsAfter(spec, 2_500, Date.parse(from)).map(Number);
      assert.deepEqual(slotsBetween(spec, ahead[0]!, ahead.at(-1)!), ahead.slice(-1_000));
    }
  }
});

test('cron knows seconds, and an instant that is a slot is not after itself', () => {
  const spec = scheduleSpec('test', { cron: '*/10 * * * * *' });
  const at = (text: string): number => Date.parse(`2026-01-01T00:00:${text}Z`);
  assert.equal(nextSlot(spec, at('09.999')), at('10.000'));
  assert.equal(nextSlot(spec, at('10.000')), at('20.000'));
  assert.deepEqual(slotsBetween(spec, at('10.000'), at('20.000')), [at('10.000'), at('20.000')]);
  assert.deepEqual(slotsBetween(spec, at('10.000'), at('19.999')), [at('10.000')]);
});

test('a fixed rate stands on a grid of its own, whenever one looks', () => {
  const spec = scheduleSpec('test', { every: '15m' });
  for (const minute of [0, 1, 7, 14])
    assert.equal(nextSlot(spec, Date.UTC(2026, 0, 1, 10, minute)), Date.UTC(2026, 0, 1, 10, 15));
  const hour: ScheduleSpec = { everyMs: 3_600_000 };
  assert.equal(slotsBetween(hour, Date.UTC(2025, 0, 1), Date.UTC(2026, 0, 1)).length, 1_000);
});

test('a day that no month has is never due, and a leap day is', () => {
  assert.equal(nextSlot({ cron: '0 0 0 30 2 *', zone: 'UTC' }, Date.UTC(2026, 0, 1)), undefined);
  assert.equal(nextSlot({ cron: '0 0 0 29 2 *', zone: 'UTC' }, Date.UTC(2026, 0, 1)), Date.UTC(2028, 1, 29));
});

test('what cannot be read is refused with what would be right', () => {
  for (const [times, message] of [
    [{}, /needs one of cron, every and at/],
    [{ cron: '0 0 * * * *', every: '1h' }, /needs one of cron, every and at/],
    [{ cron: 'daily' }, /five or six fields/],
    [{ cron: '61 * * * * *' }, /Invalid value for second: 61.*such as 0 30 3/],
    [{ cron: '0 0 0 * * *', zone: 'Europe/Berlim' }, /"Europe\/Berlim".*no time zone.*Europe\/Berlin/],
    [{ every: '15m', zone: 'Europe/Berlin' }, /only cron is read in a time zone/],
    [{ every: '10ms' }, /from 1000 are allowed/],
    [{ at: new Date('soon') }, /no valid date/],
  ] as const)
    assert.throws(
      () => scheduleSpec('nightly', times),
      (error: GoblinError) => error.code === 'INVALID_INPUT' && message.test(error.message),
    );
});
