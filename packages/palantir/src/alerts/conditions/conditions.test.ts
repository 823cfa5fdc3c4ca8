import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createErrorGroups } from '../../errors/error-groups.ts';
import type { Matcher, Sample } from '../../model.ts';
import { parse } from '../../query/promql/parser.ts';
import type { SeriesSource } from '../../query/promql/source.ts';
import { openState } from '../../state/state-database.ts';
import { temporaryFolder } from '../../store/fixtures/folder.ts';
import { batch, logLine, NOON_MS, noonClock } from '../../store/fixtures/telemetry.ts';
import { openStore } from '../../store/store.ts';
import type { Condition } from '../alert.ts';
import { checkRule } from '../rule-check.ts';
import { rule } from '../testing/rules.ts';
import { testSource, wave } from '../testing/series-source.ts';
import { burnRate } from './burn-rate.ts';
import { count } from './count.ts';
import { firstSeen } from './first-seen.ts';
import { reachOf, subjectOf } from './subject.ts';
import { threshold } from './threshold.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const signal = new AbortController().signal;

const load = (service: string, value: number): Sample[] =>
  wave({ __name__: 'load', service }, NOON_MS, HOUR, () => value);

test('a threshold finds the series that its expression gives, and knows the others', async () => {
  const source = testSource([...load('tax', 50), ...load('shop', 5)]);
  const services = async (expression: string) => {
    const { findings, known } = await threshold(
      { kind: 'threshold', expression, noData: 'keep' },
      source,
    ).read(NOON_MS, signal);
    return [findings.map(({ labels }) => labels.service), known?.map(({ service }) => service ?? '')];
  };
  assert.deepEqual(await services('load > 10'), [['tax'], ['tax', 'shop', '']]);
  assert.deepEqual(await services('10 > load'), [['shop'], ['tax', 'shop', '']]);
  assert.deepEqual(await services('load > 10 unless load > 40'), [[], ['tax', 'shop', '']]);
  assert.deepEqual(await services('count by (service) (load > 10)'), [['tax'], ['tax', 'shop', '']]);
  assert.deepEqual(await services('topk(1, load) > 100'), [[], ['tax', 'shop', '']]);
  assert.deepEqual(await services('-load < -10'), [['tax'], ['tax', 'shop', '']]);
  assert.deepEqual(await services('absent(nothing) == 1'), [[undefined], undefined]);
  assert.deepEqual(await services('nothing > 1'), [[], []]);
});

test('an expression may look at many moments by a subquery, as long as they are not too many', async () => {
  const source = testSource([
    ...wave({ __name__: 'served_total', service: 'tax' }, NOON_MS, HOUR, (beforeMs) => -beforeMs / 1_000),
    // It has stood still for the last 5 minutes.
    ...wave(
      { __name__: 'served_total', service: 'shop' },
      NOON_MS,
      HOUR,
      (beforeMs) => -Math.max(beforeMs, 5 * MINUTE) / 1_000,
    ),
  ]);
  const services = async (expression: string) => {
    const condition = threshold({ kind: 'threshold', expression, noData: 'keep' }, source);
    return (await condition.read(NOON_MS, signal)).findings.map(({ labels }) => labels.service);
  };
  assert.deepEqual(await services('max_over_time(rate(served_total[1m])[10m:1m]) > 0.9'), ['tax', 'shop']);
  assert.deepEqual(await services('min_over_time(rate(served_total[1m])[10m:1m]) > 0.9'), ['tax']);
  assert.deepEqual(
    await services('min_over_time(max_over_time(rate(served_total[1m])[5m:])[10m:15s]) > 0.9'),
    ['tax', 'shop'],
  );
  const burn = burnRate(
    { kind: 'burnRate', errorShare: 'max_over_time(rate(served_total[1m])[$window:1m])', objective: 0.9 },
    source,
  );
  assert.deepEqual((await burn.read(NOON_MS, signal)).findings.length, 2);
  assert.deepEqual(await services('count_over_time(served_total[7d:1m]) > 1'), ['tax', 'shop']);
  assert.deepEqual(await services('count_over_time(served_total[10999s:1s] offset 3s) > 1'), ['tax', 'shop']);
  for (const expression of [
    'max_over_time(x[1d:1s])',
    '-sum(max_over_time(x[11000s:1s])) > 1',
    'x > 1 or max_over_time(max_over_time(x[1m:1s])[4h:2s])',
  ])
    assert.throws(() => checkRule(rule('r', expression)), {
      code: 'INVALID_INPUT',
      message: /^expression: a subquery has \d+ steps, and 11000 at most are allowed/,
    });
});

test('how far an expression looks back is that of its longest range', () => {
  assert.equal(reachOf(parse('load > 1')), 0);
  assert.equal(
    reachOf(parse('rate(load[5m]) > 1 and max_over_time(rate(load[1m])[1h:1m]) > 2')),
    HOUR + MINUTE,
  );
  assert.equal(reachOf(parse('load offset 1d')), 24 * HOUR);
  assert.equal(subjectOf(parse('absent(load) or load')), undefined);
});

test('a budget that burns fast pages, one that burns slowly is a ticket, and a short burst that is over is neither', async () => {
  /** Failures per 1,000 calls, by how long ago. */
  const failing = async (share: (beforeMs: number) => number) => {
    const [total, failed]: Sample[][] = [[], []];
    let [calls, failures] = [0, 0];
    for (let beforeMs = 73 * HOUR; beforeMs >= 0; beforeMs -= MINUTE) {
      calls += 1_000;
      failures += share(beforeMs);
      const at = { atMs: NOON_MS - beforeMs };
      total!.push({ ...at, series: { __name__: 'calls_total', service: 'tax' }, value: calls });
      failed!.push({ ...at, series: { __name__: 'failed_total', service: 'tax' }, value: failures });
    }
    const errorShare =
      'sum by (service) (rate(failed_total[$window])) / sum by (service) (rate(calls_total[$window]))';
    const condition = burnRate(
      { kind: 'burnRate', errorShare, objective: 0.999 },
      testSource([...total!, ...failed!]),
    );
    const { findings, known } = await condition.read(NOON_MS, signal);
    assert.ok(known!.some(({ service, burn }) => service === 'tax' && burn === 'fast'));
    return findings.map(({ labels, severity, evidence }) => [
      labels.service,
      labels.burn,
      severity,
      evidence![0],
    ]);
  };
  assert.deepEqual(await failing(() => 0.5), []);
  assert.deepEqual(await failing((beforeMs) => (beforeMs < 2 * HOUR ? 30 : 0)), [
    ['tax', 'fast', 'page', '30.0 times the budget over 1h, and still too fast over 5m'],
  ]);
  assert.deepEqual(await failing((beforeMs) => (beforeMs < 6 * HOUR ? 8 : 0)), [
    ['tax', 'fast', 'page', '8.0 times the budget over 6h, and still too fast over 30m'],
  ]);
  assert.deepEqual(await failing(() => 2), [
    ['tax', 'slow', 'ticket', '2.0 times the budget over 3d, and still too fast over 2h'],
  ]);
  assert.deepEqual(
    await failing((beforeMs) => (beforeMs > 10 * MINUTE && beforeMs < 40 * MINUTE ? 30 : 0)),
    [],
    'it is over for 10 minutes, and half an hour of it is not the budget of 6 hours',
  );
});

test('days of samples are read by rollups, seldom, and only where it burns', async () => {
  const asked: string[] = [];
  const calm = testSource(load('tax', 0));
  const source: SeriesSource = {
    select(matchers, fromMs, toMs, options) {
      asked.push(`${(toMs - fromMs) / MINUTE} ${(options?.stepMs ?? 0) / MINUTE}`);
      return calm.select(matchers, fromMs, toMs, options);
    },
  };
  const condition = burnRate(
    { kind: 'burnRate', errorShare: 'rate(load[$window])', objective: 0.999 },
    source,
  );
  for (let atMs = NOON_MS; atMs < NOON_MS + MINUTE; atMs += 5_000) await condition.read(atMs, signal);
  const times = (range: string): number => asked.filter((one) => one === range).length;
  assert.deepEqual([times('5 0'), times('30 0'), times('120 1'), asked.length], [12, 2, 1, 15]);
});

test('an error is new until it is quiet for an hour, somebody decides about it, or a day has passed', async () => {
  using folder = temporaryFolder();
  using state = openState(folder.path);
  const clock = noonClock();
  using errors = createErrorGroups({ state, clock });
  const fail = (type: string, atMs = clock.wall()): void =>
    errors.take([logLine(atMs, 'no', { severity: 17, service: 'tax', attributes: { 'err.type': type } })]);
  const found = async (matchers: Matcher[] = []) => {
    const { findings } = await firstSeen({ kind: 'firstSeen', matchers }, errors).read(clock.wall(), signal);
    return findings.map(({ labels }) => labels.error_type);
  };
  fail('A');
  fail('B', clock.wall() - 5 * HOUR);
  assert.deepEqual(await found(), ['A', 'B'], 'also one that was logged while Palantir was down');
  assert.deepEqual(await found([{ label: 'error_type', op: '!=', value: 'A' }]), ['B']);
  await clock.advance(50 * MINUTE);
  fail('A');
  await clock.advance(50 * MINUTE);
  assert.deepEqual(await found(), ['A']);
  const { fingerprint } = errors.list().find(({ type }) => type === 'A')!;
  errors.ignore(fingerprint, 'ada');
  assert.deepEqual(await found(), []);
  errors.reopen(fingerprint, 'ada');
  assert.deepEqual(await found(), ['A']);
  await clock.advance(23 * HOUR);
  fail('A');
  assert.deepEqual(await found(), []);
});

test('so many log lines within a window, by fields, with the newest as evidence; too few in all are not even read', async () => {
  using folder = temporaryFolder();
  await using store = await openStore({
    folder: folder.path,
    retention: { days: 7, bytes: 1e9 },
    clock: noonClock(),
  });
  const lines = Array.from({ length: 30 }, (_, i) =>
    logLine(NOON_MS - i * 20_000, `card ${i} declined`, {
      severity: 17,
      service: i % 3 === 0 ? 'shop' : 'tax',
      attributes: { bank: i % 2 ? 'b' : 'a' },
    }),
  );
  await store.append(batch({ logs: lines }));
  let searches = 0;
  const logs = {
    logCounts: store.logCounts,
    searchLogs: (...asked: Parameters<typeof store.searchLogs>) => {
      searches++;
      return store.searchLogs(...asked);
    },
  };
  const condition = (more: Partial<Extract<Condition, { kind: 'count' }>>) =>
    count(
      {
        ...{ kind: 'count', matchers: [], words: ['declined'], logSeverity: 17, by: ['service', 'bank'] },
        ...{ atLeast: 5, windowMs: 10 * MINUTE, ...more },
      },
      logs,
    );
  const { findings } = await condition({}).read(NOON_MS, signal);
  assert.deepEqual(findings.map(({ labels, value }) => [labels.service, labels.bank, value]).sort(), [
    ['shop', 'a', 5],
    ['shop', 'b', 5],
    ['tax', 'a', 10],
    ['tax', 'b', 10],
  ]);
  assert.deepEqual(findings.find(({ labels }) => labels.service === 'tax')!.evidence, [
    'card 1 declined',
    'card 5 declined',
    'card 7 declined',
    'card 11 declined',
    'card 13 declined',
  ]);
  assert.deepEqual(
    (await condition({ atLeast: 10, by: ['service'] }).read(NOON_MS, signal)).findings.length,
    2,
  );
  assert.deepEqual((await condition({ windowMs: MINUTE }).read(NOON_MS, signal)).findings, []);
  assert.equal(searches, 2);
  const shop = [{ label: 'service', op: '=', value: 'shop' } as const];
  assert.deepEqual((await condition({ matchers: shop, atLeast: 11 }).read(NOON_MS, signal)).findings, []);
  assert.equal(searches, 2, 'the counts of shop alone were too few');
  assert.deepEqual((await condition({ words: ['refunded'] }).read(NOON_MS, signal)).findings, []);
});

test('what is wrong with a condition is told with its field', () => {
  const wrong = (condition: Condition | string, message: RegExp): void =>
    assert.throws(() => checkRule(rule('r', condition)), { code: 'INVALID_INPUT', message });
  wrong('load >', /^expression: /);
  wrong('5 > bool 3', /^expression: it is a scalar/);
  wrong('load[5m]', /^expression: it is a matrix/);
  wrong({ kind: 'burnRate', errorShare: 'x', objective: 0.99 }, /^errorShare: write \$window/);
  wrong({ kind: 'burnRate', errorShare: 'rate(x[$window]', objective: 0.99 }, /^errorShare: /);
  wrong({ kind: 'burnRate', errorShare: 'rate(x[$window])', objective: 99 }, /^objective: /);
  const lines = { kind: 'count', matchers: [], words: [], logSeverity: 0, by: [] } as const;
  wrong({ ...lines, atLeast: 0, windowMs: MINUTE }, /^atLeast: /);
  wrong({ ...lines, atLeast: 1, windowMs: 48 * HOUR }, /^within: /);
  assert.throws(() => checkRule(rule('r', 'load', { forMs: -1 })), /^GoblinError: for: /);
  assert.throws(() => checkRule(rule('r', 'load', { labels: { 'a-b': 'c' } })), /labels: "a-b"/);
  assert.throws(() => checkRule(rule('', 'load')), /name: /);
});
