import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { testTelemetry, virtualClock } from '@goblin/core';
import { calm } from '../../test/wall-states.fixture.ts';
import type { Alert } from '../alerts/alert.ts';
import type { SampleSeries } from '../query/promql/source.ts';
import { liveWall, MAX_WATCHERS } from './live-wall.ts';
import type { Version } from './version.ts';
import type { WallState } from './wall-state.ts';

const PERIOD_MS = 1_000;
const HOUR_MS = 3_600_000;
const ALERT = { state: 'pending', service: 'tax' } as unknown as Alert;

/** A wall that runs, and how often its sources were asked. */
function running(t: TestContext) {
  const clock = virtualClock();
  const shown = calm(clock.wall());
  const alerts: Alert[] = [];
  const asked = { metrics: 0, swarm: 0 };
  let select = async (): Promise<readonly SampleSeries[]> => [];
  const wall = liveWall(
    {
      app: 'shop',
      build: 'b1',
      metrics: {
        select(...[, , , options]) {
          asked.metrics++;
          return select().finally(() => options?.signal?.throwIfAborted());
        },
      },
      swarm() {
        asked.swarm++;
        return { ...shown.swarm, atMs: clock.wall() };
      },
      alerts: () => [...alerts],
      incidents: () => [],
      changes: () => [],
      slos: () => [],
      settingsTrouble: () => undefined,
    },
    { clock, log: testTelemetry().log },
  );
  const end = new AbortController();
  void wall.run(end.signal);
  t.after(() => end.abort());
  return {
    ...{ clock, wall, asked, alerts },
    answerBy(by: typeof select) {
      select = by;
    },
    /** What is asked of metrics in an hour. */
    async hour() {
      const before = asked.metrics;
      await clock.advance(HOUR_MS);
      return asked.metrics - before;
    },
  };
}

function stateOf(version: Version): WallState {
  return JSON.parse(/^data: (.*)$/m.exec(new TextDecoder().decode(version.whole()))![1]!);
}

test('nothing is composed while nobody watches, and hardly anything asked for, more where there are alerts', async (t) => {
  const { asked, alerts, hour, wall } = running(t);
  const quiet = await hour();
  assert.equal(asked.swarm, 0);
  alerts.push(ALERT);
  const alerting = await hour();
  wall.watch(() => {});
  const watched = await hour();
  t.diagnostic(`questions an hour: ${quiet} unwatched, ${alerting} with an alert, ${watched} watched`);
  assert.ok(quiet * 5 < alerting && alerting < watched, `${quiet}, ${alerting}, ${watched}`);
  assert.ok(asked.swarm > 0);
});

test('who begins to watch is told at once, and then when something has changed', async (t) => {
  const { clock, wall, alerts } = running(t);
  await clock.advance(PERIOD_MS / 2);
  const told: Version[] = [];
  const leave = wall.watch((version) => told.push(version));
  await clock.advance(0);
  assert.equal(told.length, 1);
  assert.equal(stateOf(told[0]!).app, 'shop');
  await clock.advance(2 * PERIOD_MS);
  assert.equal(told.length, 1, 'that time passed is not told alone');
  alerts.push(ALERT);
  await clock.advance(2 * PERIOD_MS);
  assert.equal(told.length, 2);
  assert.equal(told[1]!.number, told[0]!.number + 1);
  assert.ok(told[1]!.change().length < told[1]!.whole().length / 10);
  await clock.advance(10 * PERIOD_MS);
  assert.ok(told.length >= 3, 'but it is told that all goes on');
  const count = told.length;
  leave();
  await clock.advance(10 * PERIOD_MS);
  assert.equal(told.length, count);
});

test('who watches again after a pause is told what is so now', async (t) => {
  const { clock, wall, alerts } = running(t);
  wall.watch(() => {})();
  await clock.advance(60 * PERIOD_MS);
  alerts.push(ALERT);
  const told: Version[] = [];
  wall.watch((version) => told.push(version));
  await clock.advance(0);
  assert.equal(stateOf(told[0]!).alerts.length, 1);
});

test('numbers that do not come hold nothing up, and those that ask at the same time are one question', async (t) => {
  const { clock, wall, asked, answerBy } = running(t);
  await clock.advance(10 * PERIOD_MS);
  const late = Promise.withResolvers<readonly SampleSeries[]>();
  answerBy(() => late.promise);
  const before = asked.metrics;
  const all = Promise.all(Array.from({ length: 20 }, () => wall.ask()));
  await clock.advance(PERIOD_MS);
  assert.equal((await all)[0]!.app, 'shop');
  assert.equal(asked.metrics - before, 4, 'one look');
  const told: Version[] = [];
  wall.watch((version) => told.push(version));
  await clock.advance(2 * PERIOD_MS);
  assert.ok(told.length > 0);
  late.reject(new Error('the store is closed'));
  await clock.advance(2 * PERIOD_MS);
  assert.equal((await wall.ask()).app, 'shop', 'a question that failed is asked again');
});

test('no more watch than are allowed', (t) => {
  const { wall } = running(t);
  const leaving = Array.from({ length: MAX_WATCHERS }, () => wall.watch(() => {}));
  assert.throws(() => wall.watch(() => {}), { code: 'RESOURCE_EXHAUSTED' });
  leaving[0]!();
  wall.watch(() => {})();
});
