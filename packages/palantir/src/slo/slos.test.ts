import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGoblinError } from '@goblin/core';
import type { Rule } from '../alerts/alert.ts';
import { burnRate } from '../alerts/conditions/burn-rate.ts';
import { rule } from '../alerts/testing/rules.ts';
import { testSource } from '../alerts/testing/series-source.ts';
import type { SeriesSource } from '../query/promql/source.ts';
import { temporaryFolder } from '../store/fixtures/folder.ts';
import { batch, NOON_MS, noonClock } from '../store/fixtures/telemetry.ts';
import { openStore } from '../store/store.ts';
import type { Slo } from './slo.ts';
import { createSlos, FRESH_MS } from './slos.ts';
import { calls, DAY_MS, ERROR_SHARE, MINUTE_MS, plainShare } from './testing/calls.ts';

const HOUR_MS = 60 * MINUTE_MS;
const TARGET = 0.99;

function objective(name = 'answered', errorShare = ERROR_SHARE, target = TARGET): Rule {
  const condition = { kind: 'burnRate', errorShare, objective: target } as const;
  return rule(name, condition, { summary: '{{ service }} does not answer as promised', source: 'a.yaml:3' });
}

function near(found: number | undefined, wanted: number, tolerance: number, what: string): void {
  assert.ok(
    found !== undefined && Math.abs(found - wanted) <= tolerance * Math.max(1e-6, Math.abs(wanted)),
    `${what}: ${found} is not ${wanted}`,
  );
}

async function only(metrics: SeriesSource, ...rules: readonly Rule[]): Promise<Slo> {
  const [slo, ...others] = await createSlos({ metrics, clock: noonClock(), rules: () => rules }).list();
  assert.deepEqual(others, []);
  return slo!;
}

test('attained, budget and burn rates are what counting the calls by hand gives', async () => {
  const { samples, stretches } = calls('tax', NOON_MS, (beforeMs) =>
    beforeMs < 2 * HOUR_MS ? 0.03 : beforeMs < 3 * DAY_MS ? 0.004 : 0.006,
  );
  const slo = await only(testSource(samples), objective());
  const over = (ms: number): number => plainShare(stretches, NOON_MS - ms, NOON_MS);
  assert.deepEqual(
    [slo.name, slo.service, slo.target, slo.windowMs, slo.summary, slo.source, slo.state],
    ['answered', 'tax', TARGET, 30 * DAY_MS, 'tax does not answer as promised', 'a.yaml:3', 'ok'],
  );
  const bad = over(30 * DAY_MS);
  near(slo.attained, 1 - bad, 1e-9, 'attained');
  near(slo.budgetLeft, 1 - bad / (1 - TARGET), 1e-9, 'budget left');
  for (const [index, [shortMs, longMs]] of [
    [5 * MINUTE_MS, HOUR_MS],
    [30 * MINUTE_MS, 6 * HOUR_MS],
    [2 * HOUR_MS, 3 * DAY_MS],
  ].entries()) {
    const { shortRate, longRate, short, long } = slo.burns[index]!;
    near(shortRate, over(shortMs!) / (1 - TARGET), 1e-9, short);
    near(longRate, over(longMs!) / (1 - TARGET), 1e-9, long);
  }
});

test('from the store, by rollups, it is the same within a thousandth, over restarts of counters too', async () => {
  using folder = temporaryFolder();
  await using store = await openStore({
    folder: folder.path,
    retention: { days: 40, bytes: 1e9 },
    clock: noonClock(),
  });
  const { samples, stretches } = calls('tax', NOON_MS, () => 0.004, 2 * DAY_MS);
  for (let at = 0; at < samples.length; at += 5_000)
    await store.append(batch({ samples: samples.slice(at, at + 5_000) }));
  await store.seal();
  const slos = createSlos({ metrics: store, clock: noonClock(), rules: () => [objective()] });
  const [slo] = await slos.list();
  near(slo!.attained, 1 - plainShare(stretches, NOON_MS - 30 * DAY_MS, NOON_MS), 1e-3, 'attained');
  near(slo!.burns[0]!.longRate, plainShare(stretches, NOON_MS - HOUR_MS, NOON_MS) / (1 - TARGET), 0.05, '1h');

  const { times, series } = await slos.budget('answered', { fromMs: NOON_MS - 2 * HOUR_MS, toMs: NOON_MS });
  assert.equal(times.at(-1), NOON_MS);
  near(series[0]!.values.at(-1) ?? undefined, slo!.budgetLeft!, 1e-3, 'the newest of the budget');
  assert.equal(series[0]!.values.length, times.length);
});

test('what is used up is exhausted, what alerts burns, and the worst comes first', async () => {
  const sources = testSource([
    ...calls('spent', NOON_MS, () => 0.02).samples,
    ...calls('burns', NOON_MS, (beforeMs) => (beforeMs < HOUR_MS ? 0.2 : 0)).samples,
    ...calls('well', NOON_MS, () => 0.001).samples,
  ]);
  const slos = createSlos({ metrics: sources, clock: noonClock(), rules: () => [objective()] });
  const found = await slos.list();
  assert.deepEqual(
    found.map(({ service, state }) => [service, state]),
    [
      ['spent', 'exhausted'],
      ['burns', 'burning'],
      ['well', 'ok'],
    ],
  );
  assert.ok(found[0]!.budgetLeft! < -0.9 && found[2]!.budgetLeft! > 0.89);
  const { findings } = await burnRate(
    { kind: 'burnRate', errorShare: ERROR_SHARE, objective: TARGET },
    sources,
  ).read(NOON_MS, new AbortController().signal);
  assert.ok(findings.some(({ labels }) => labels.service === 'burns'));
});

test('a service that never failed attains all, one that was never asked is unknown', async () => {
  const { samples } = calls('tax', NOON_MS, () => 0);
  const neverFailed = samples.filter(({ series }) => series.__name__ === 'calls_total');
  const slo = await only(testSource(neverFailed), objective());
  assert.deepEqual([slo.service, slo.attained, slo.budgetLeft, slo.state], ['tax', 1, 1, 'ok']);
  const idle = neverFailed.map((sample) => ({ ...sample, value: 7 }));
  for (const metrics of [testSource(idle), testSource()]) {
    const { state, attained, budgetLeft } = await only(metrics, objective());
    assert.deepEqual([state, attained, budgetLeft], ['unknown', undefined, undefined]);
  }
});

test('an objective that cannot be read keeps what was known, says why, and harms no other', async () => {
  const clock = noonClock();
  const source = testSource(calls('tax', NOON_MS, () => 0.004).samples);
  let isBroken = false;
  const metrics: SeriesSource = {
    select(matchers, fromMs, toMs, options) {
      if (matchers.some(({ value }) => value === 'spoilt_total' || isBroken))
        throw new Error('the source is broken');
      return source.select(matchers, fromMs, toMs, options);
    },
  };
  const rules = [objective(), objective('spoilt', 'rate(spoilt_total[$window])')];
  const slos = createSlos({ metrics, clock, rules: () => rules });
  const [answered, spoilt] = await slos.list();
  assert.deepEqual([answered!.name, answered!.state, answered!.problem], ['answered', 'ok', undefined]);
  assert.deepEqual(
    [spoilt!.name, spoilt!.state, spoilt!.problem],
    ['spoilt', 'unknown', 'the source is broken'],
  );
  isBroken = true;
  await clock.advance(FRESH_MS);
  const [kept] = await slos.list();
  assert.deepEqual(kept, { ...answered, problem: 'the source is broken' });
  isBroken = false;
  await clock.advance(FRESH_MS);
  assert.equal((await slos.list())[0]!.problem, undefined);
});

test('however many ask, the store is asked once in 30 s, by rollups', async () => {
  const clock = noonClock();
  const source = testSource(calls('tax', NOON_MS, () => 0).samples);
  const asked: (number | undefined)[] = [];
  const metrics: SeriesSource = {
    select(matchers, fromMs, toMs, options) {
      asked.push(options?.stepMs);
      return source.select(matchers, fromMs, toMs, options);
    },
  };
  const slos = createSlos({ metrics, clock, rules: () => [objective()] });
  await Promise.all(Array.from({ length: 50 }, () => slos.list()));
  const once = asked.length;
  await slos.list();
  assert.equal(asked.length, once);
  assert.ok(asked.every((stepMs) => stepMs === MINUTE_MS || stepMs === HOUR_MS));
  const range = { fromMs: NOON_MS - DAY_MS, toMs: NOON_MS };
  await Promise.all(Array.from({ length: 50 }, () => slos.budget('answered', range)));
  const withBudget = asked.length;
  await slos.budget('answered', range);
  assert.equal(asked.length, withBudget);
  await clock.advance(FRESH_MS);
  await slos.list();
  assert.equal(asked.length, withBudget + once);
});

test('walls see new numbers without asking, and a changed rule is judged at once', async () => {
  const clock = noonClock();
  const metrics = testSource(calls('tax', NOON_MS, () => 0.004).samples);
  let rules = [objective()];
  const slos = createSlos({ metrics, clock, rules: () => rules });
  const stop = new AbortController();
  const running = slos.run(stop.signal);
  await slos.list();
  assert.equal(slos.latest[0]!.target, TARGET);
  rules = [objective('answered', ERROR_SHARE, 0.999)];
  assert.equal((await slos.list())[0]!.target, 0.999);
  rules = [];
  assert.deepEqual(await slos.list(), []);
  stop.abort();
  await running;
});

test('a budget is asked for by a name that exists and a time that makes sense', async () => {
  const slos = createSlos({ metrics: testSource(), clock: noonClock(), rules: () => [objective()] });
  const range = { fromMs: NOON_MS - DAY_MS, toMs: NOON_MS };
  await assert.rejects(slos.budget('nothing', range), (error) => isGoblinError(error, 'NOT_FOUND'));
  for (const wrong of [
    { fromMs: NOON_MS, toMs: NOON_MS },
    { fromMs: NOON_MS - 500 * DAY_MS, toMs: NOON_MS },
  ])
    await assert.rejects(slos.budget('answered', wrong), (error) => isGoblinError(error, 'INVALID_INPUT'));
  assert.deepEqual((await slos.budget('answered', range)).series, []);
});
