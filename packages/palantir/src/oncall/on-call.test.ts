import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testTelemetry, virtualClock } from '@goblin/core';
import { START_MS, testState } from '../notify/fixtures/samples.ts';
import { until } from '../notify/fixtures/until.ts';
import { createOnCall, type OnCall } from './on-call.ts';
import { onCallRoutes } from './oncall-routes.ts';
import { nextInLine, shiftAt, shiftsFrom } from './rota.ts';
import type { RotaSettings } from './rota-settings.ts';
import { momentOf, wallTime } from './wall-time.ts';

const HOUR_MS = 3_600_000;

/** In Berlin clocks go from 02:00 to 03:00 on 29 March 2026, and from 03:00 to 02:00 on 25 October 2026. */
const weekly: RotaSettings = {
  zone: 'Europe/Berlin',
  rotation: 'weekly',
  start: '2026-03-23',
  at: '09:00',
  people: [{ name: 'ada' }, { name: 'bob' }, { name: 'eve' }],
};

const at = (text: string): number => Date.parse(text);
const who = (rota: RotaSettings, text: string): string => shiftAt(rota, at(text)).person.name;

test('people take turns, handed over at the same time of the clocks on the wall, also where these change', () => {
  assert.equal(who(weekly, '2026-03-23T08:59:59+01:00'), 'eve');
  assert.equal(who(weekly, '2026-03-23T09:00:00+01:00'), 'ada');
  assert.equal(who(weekly, '2026-03-30T08:59:59+02:00'), 'ada');
  assert.equal(who(weekly, '2026-03-30T09:00:00+02:00'), 'bob');
  const { fromMs, untilMs } = shiftAt(weekly, at('2026-03-25T12:00:00Z'));
  assert.equal(untilMs - fromMs, (7 * 24 - 1) * HOUR_MS);
});

test('a hand-over at a time that is skipped happens when the clocks jump, one that is shown twice happens once', () => {
  const daily: RotaSettings = { ...weekly, rotation: 'daily', start: '2026-03-28', at: '02:30' };
  assert.equal(shiftAt(daily, at('2026-03-28T12:00:00Z')).untilMs, at('2026-03-29T03:00:00+02:00'));
  const october = { ...daily, start: '2026-10-24' };
  assert.equal(shiftAt(october, at('2026-10-24T12:00:00Z')).untilMs, at('2026-10-25T02:30:00+02:00'));
  assert.equal(who(october, '2026-10-25T02:29:59+02:00'), 'ada');
  assert.equal(who(october, '2026-10-25T02:30:00+02:00'), 'bob');
  assert.equal(who(october, '2026-10-25T02:00:00+01:00'), 'bob');
  assert.equal(who(october, '2026-10-25T02:30:00+01:00'), 'bob');
});

test('somebody has it at every moment of a year, whatever the clocks do, and each turn is one piece', () => {
  for (const [zone, rotation, time] of [
    ['Europe/Berlin', 'daily', '02:15'],
    ['Australia/Lord_Howe', 'daily', '01:45'],
    ['America/New_York', 'weekly', '00:00'],
  ] as const) {
    const rota: RotaSettings = { ...weekly, zone, rotation, at: time, start: '2026-01-05' };
    const names = rota.people.map(({ name }) => name);
    let before = shiftAt(rota, at('2026-01-01T00:00:00Z'));
    for (let ms = before.fromMs; ms < at('2027-01-01T00:00:00Z'); ms += 2 * HOUR_MS) {
      const shift = shiftAt(rota, ms);
      assert.ok(shift.fromMs <= ms && ms < shift.untilMs);
      if (shift.fromMs === before.fromMs) continue;
      assert.equal(shift.fromMs, before.untilMs, `${zone} at ${new Date(ms).toISOString()}`);
      assert.equal(shift.person.name, names[(names.indexOf(before.person.name) + 1) % names.length]);
      before = shift;
    }
  }
});

test('a time on the wall and its moment belong together', () => {
  for (const zone of ['Europe/Berlin', 'Asia/Kathmandu', 'Pacific/Kiritimati', 'America/St_Johns'])
    for (let ms = START_MS; ms < START_MS + 366 * 24 * HOUR_MS; ms += 7 * HOUR_MS) {
      const moment = momentOf(wallTime(ms, zone), zone);
      // Of a time that is shown twice it is the first.
      assert.ok(moment === ms || (ms - moment === HOUR_MS && wallTime(moment, zone) === wallTime(ms, zone)));
    }
});

test('overrides count while they last, the last one first', () => {
  const rota: RotaSettings = {
    ...weekly,
    overrides: [
      { person: 'bob', from: '2026-03-24T00:00:00Z', until: '2026-03-26T00:00:00Z' },
      { person: 'eve', from: '2026-03-25T00:00:00Z', until: '2026-03-25T12:00:00Z' },
    ],
  };
  const shifts = shiftsFrom(rota, at('2026-03-23T12:00:00Z'), 5);
  assert.deepEqual(
    shifts.map(({ person, untilMs, isOverride }) => [
      person.name,
      new Date(untilMs).toISOString(),
      isOverride,
    ]),
    [
      ['ada', '2026-03-24T00:00:00.000Z', false],
      ['bob', '2026-03-25T00:00:00.000Z', true],
      ['eve', '2026-03-25T12:00:00.000Z', true],
      ['bob', '2026-03-26T00:00:00.000Z', true],
      ['ada', '2026-03-30T07:00:00.000Z', false],
    ],
  );
});

test('the line of a page is the order of turns, from who has the turn on, each once', () => {
  const told: string[] = ['bob'];
  for (;;) {
    const next = nextInLine(weekly, at('2026-03-31T12:00:00Z'), told);
    if (!next) break;
    told.push(next.name);
  }
  assert.deepEqual(told, ['bob', 'eve', 'ada']);
});

interface Escalating extends AsyncDisposable {
  readonly onCall: OnCall;
  readonly told: [incident: number, name: string, atMinute: number][];
}

function escalating(
  state: ReturnType<typeof testState>['state'],
  clock: ReturnType<typeof virtualClock>,
): Escalating {
  const { log } = testTelemetry();
  const rota: RotaSettings = {
    ...weekly,
    zone: 'UTC',
    start: '2026-01-01',
    at: '00:00',
    escalateAfter: '10m',
  };
  const onCall = createOnCall({ state, clock, log, rota });
  const told: Escalating['told'] = [];
  const stopping = new AbortController();
  const ended = onCall.run(
    (incident, { name }) => void told.push([incident, name, clock.now() / 60_000]),
    stopping.signal,
  );
  return {
    onCall,
    told,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await ended;
    },
  };
}

test('a page that nobody acknowledges goes to one after the other, each once; one that somebody has goes no further', async () => {
  using kept = testState();
  const clock = virtualClock(START_MS);
  await using one = escalating(kept.state, clock);
  assert.equal(one.onCall.begin(1, clock.wall())?.name, 'ada');
  one.onCall.begin(2, clock.wall());
  await clock.advance(15 * 60_000);
  one.onCall.end(2);
  await clock.advance(10 * HOUR_MS);
  assert.deepEqual(one.told, [
    [1, 'bob', 10],
    [2, 'bob', 10],
    [1, 'eve', 20],
  ]);
});

test('a step that was due while nothing ran is taken after a restart, once', async () => {
  using kept = testState();
  const clock = virtualClock(START_MS);
  {
    await using one = escalating(kept.state, clock);
    one.onCall.begin(1, clock.wall());
    await clock.advance(12 * 60_000);
    assert.equal(one.told.length, 1);
  }
  await clock.advance(60 * 60_000);
  await using next = escalating(kept.reopen(), clock);
  await until('the step is taken', () => next.told.length > 0);
  await clock.advance(5 * 60_000);
  assert.deepEqual(next.told, [[1, 'eve', 72]]);
});

test('a step whose telling fails is taken again, and not remembered as taken', async () => {
  using kept = testState();
  const clock = virtualClock(START_MS);
  const onCall = createOnCall({
    ...{ state: kept.state, clock, log: testTelemetry().log },
    rota: { ...weekly, zone: 'UTC', start: '2026-01-01', at: '00:00' },
  });
  onCall.begin(1, clock.wall());
  const stopping = new AbortController();
  const told: string[] = [];
  let fails = true;
  const ended = onCall.run((_incident, { name }) => {
    if (fails) throw new Error('the disk is full');
    told.push(name);
  }, stopping.signal);
  await clock.advance(6 * 60_000);
  fails = false;
  await clock.advance(60_000);
  assert.deepEqual(told, ['bob']);
  stopping.abort();
  await ended;
});

test('while there is no rota a step waits, and is taken when there is one again', async () => {
  using kept = testState();
  const clock = virtualClock(START_MS);
  await using one = escalating(kept.state, clock);
  one.onCall.begin(1, clock.wall());
  one.onCall.configure(undefined);
  await clock.advance(HOUR_MS);
  assert.deepEqual(one.told, []);
  one.onCall.configure({ ...weekly, zone: 'UTC', start: '2026-01-01', at: '00:00' });
  await until('the step is taken', () => one.told.length > 0);
  assert.deepEqual(one.told, [[1, 'bob', 60]]);
});

test('without a rota nobody is on call and nothing escalates', async () => {
  using kept = testState();
  const clock = virtualClock(START_MS);
  const onCall = createOnCall({ state: kept.state, clock, log: testTelemetry().log });
  assert.equal(onCall.whoIsOnCall(START_MS), undefined);
  assert.equal(onCall.begin(1, START_MS), undefined);
  const ask = async (): Promise<unknown> =>
    (
      await onCallRoutes(onCall, clock)['GET /palantir/oncall']!(
        new Request('http://palantir.test'),
        undefined as never,
        {},
      )
    ).json();
  assert.deepEqual(await ask(), { next: [] });
  onCall.configure({ ...weekly, zone: 'UTC', start: '2026-01-01', at: '00:00' });
  const { now, next } = (await ask()) as { now: object; next: object[] };
  assert.deepEqual(now, {
    person: 'ada',
    fromMs: START_MS,
    untilMs: START_MS + 168 * HOUR_MS,
    isOverride: false,
  });
  assert.equal(next.length, 5);
});
