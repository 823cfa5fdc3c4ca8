import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planSlots } from './plan.ts';

const HOUR = 3_600_000;
const hourly = { everyMs: HOUR };
const noon = Date.UTC(2026, 5, 1, 12);

test('of missed slots, skip runs none, latest the newest, all each in order', () => {
  const now = noon + 0.5 * HOUR;
  const due = noon - 2 * HOUR;
  assert.deepEqual(planSlots(hourly, 'skip', due, now), {
    run: [],
    missed: 3,
    last: noon,
    next: noon + HOUR,
  });
  assert.deepEqual(planSlots(hourly, 'latest', due, now).run, [noon]);
  assert.equal(planSlots(hourly, 'latest', due, now).missed, 2);
  assert.deepEqual(planSlots(hourly, 'all', due, now).run, [noon - 2 * HOUR, noon - HOUR, noon]);
});

test('a slot that is taken within a minute was not missed, whatever the policy', () => {
  for (const missed of ['skip', 'latest', 'all'] as const)
    assert.deepEqual(planSlots(hourly, missed, noon, noon + 59_000).run, [noon]);
});

test('of more than 1,000 missed slots all runs the newest 1,000', () => {
  const { run, last } = planSlots(hourly, 'all', noon - 5_000 * HOUR, noon);
  assert.deepEqual([run.length, run[0], last], [1_000, noon - 999 * HOUR, noon]);
});

test('a year of missed seconds is planned without going through them', (t) => {
  const everySecond = { cron: '* * * * * *', zone: 'Europe/Berlin' };
  /** The CPU time of this thread that is the least of several, so that the collector's and the compiler's share is not in it. */
  const planMs = (hours: number): number => {
    const took = Array.from({ length: 5 }, () => {
      const before = process.cpuUsage();
      assert.equal(planSlots(everySecond, 'latest', noon - hours * HOUR, noon).run.length, 1);
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1_000;
    });
    return Math.min(...took);
  };
  const [dayMs, yearMs] = [planMs(24), planMs(8_760)];
  t.diagnostic(`a day: ${dayMs} ms, a year: ${yearMs} ms`);
  assert.ok(yearMs < 50 * (dayMs + 1), `${yearMs} ms, and for a day ${dayMs} ms`);
});

test('a one-off is run however late, but for skip, and has no further slot', () => {
  const at = { at: new Date(noon).toISOString() };
  assert.deepEqual(planSlots(at, 'latest', noon, noon + 100 * HOUR), {
    run: [noon],
    missed: 0,
    last: noon,
    next: undefined,
  });
  assert.deepEqual(planSlots(at, 'skip', noon, noon + 100 * HOUR).run, []);
});
