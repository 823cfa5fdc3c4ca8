import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { testTelemetry, type VirtualClock } from '@goblin/core';
import type { ChangeLog } from '../changes/change.ts';
import { createChangeLog } from '../changes/change-log.ts';
import type { ErrorGroups } from '../errors/error-group.ts';
import { createErrorGroups } from '../errors/error-groups.ts';
import type { LogLine } from '../model.ts';
import { openState, type StateDatabase } from '../state/state-database.ts';
import { temporaryFolder } from '../store/fixtures/folder.ts';
import { logLine, noonClock } from '../store/fixtures/telemetry.ts';
import type { SwarmState } from '../swarm/swarm-state.ts';
import type { AlertNotice, Rule } from './alert.ts';
import { type Alerts, createAlerts } from './engine.ts';
import { rule } from './testing/rules.ts';
import { type TestSource, testSource } from './testing/series-source.ts';

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;

interface House extends Disposable {
  readonly clock: VirtualClock;
  readonly source: TestSource;
  readonly told: AlertNotice[];
  readonly telemetry: ReturnType<typeof testTelemetry>;
  readonly logs: string[];
  readonly alerts: Alerts;
  readonly changes: ChangeLog;
  readonly errors: ErrorGroups;
  readonly state: StateDatabase;
  swarm: SwarmState;
  /** What the sink does with a notice, before it is noted. */
  sink: (notice: AlertNotice) => void;
  /** Each 5 s: these values are sampled, then a round is made. */
  rounds(forMs: number, values?: Readonly<Record<string, number | undefined>>): Promise<void>;
  /** What was told since it was asked last. */
  notices(): string[];
  /** The process ends and starts again, on the same folder. */
  restart(): void;
}

function house(rules: readonly Rule[]): House {
  const folder = temporaryFolder();
  const clock = noonClock();
  const source = testSource();
  const logs: string[] = [];
  const note = (_fields: unknown, message?: string): void => void logs.push(message ?? '');
  const silent = testTelemetry().log;
  const telemetry = testTelemetry({ clock, log: { ...silent, warn: note, error: note, info: note } });
  const told: AlertNotice[] = [];
  let read = 0;
  let open = start();

  function start() {
    const state = openState(folder.path);
    const changes = createChangeLog(state);
    const errors = createErrorGroups({ state, clock });
    const alerts = createAlerts({
      ...{
        state,
        changes,
        errors,
        clock,
        metrics: source,
        log: telemetry.log,
        telemetryMetrics: telemetry.metrics,
      },
      logs: { searchLogs: async function* (): AsyncGenerator<LogLine> {}, logCounts: async () => [] },
      swarm: () => one.swarm,
      sink: {
        accept(notice) {
          one.sink(notice);
          told.push(notice);
        },
      },
    });
    return { state, changes, errors, alerts };
  }

  const one: House = {
    ...{ clock, source, told, telemetry, logs },
    swarm: { atMs: 0, nodes: [], services: [] },
    sink: () => {},
    get alerts() {
      return open.alerts;
    },
    get changes() {
      return open.changes;
    },
    get errors() {
      return open.errors;
    },
    get state() {
      return open.state;
    },
    async rounds(forMs, values = {}) {
      const untilMs = clock.now() + forMs;
      while (clock.now() < untilMs) {
        await clock.advance(5 * SECOND);
        for (const [service, value] of Object.entries(values))
          if (value !== undefined)
            source.add({ series: { __name__: 'load', service }, atMs: clock.wall(), value });
        await open.alerts.evaluate(clock.wall());
      }
    },
    notices() {
      const found = told
        .slice(read)
        .map(({ reason, service, alerts }) => `${reason} ${service} ${alerts.length}`);
      read = told.length;
      return found;
    },
    restart() {
      open.state[Symbol.dispose]();
      open = start();
      open.alerts.setRules(rules);
    },
    [Symbol.dispose]() {
      open.state[Symbol.dispose]();
      folder[Symbol.dispose]();
    },
  };
  open.alerts.setRules(rules);
  return one;
}

const LOAD = rule('load', 'load > 10', { forMs: 10 * SECOND, keepForMs: 30 * SECOND });

test('from pending to firing to resolved: told once each, with what it says', async () => {
  using one = house([LOAD]);
  await one.rounds(MINUTE, { tax: 5, shop: 5 });
  assert.deepEqual(one.alerts.current(), []);
  await one.rounds(5 * SECOND, { tax: 50, shop: 5 });
  assert.deepEqual(
    one.alerts.current().map(({ state, service }) => [state, service]),
    [['pending', 'tax']],
  );
  await one.rounds(10 * MINUTE, { tax: 50, shop: 5 });
  assert.deepEqual(one.notices(), ['firing tax 1']);
  const [alert] = one.alerts.current();
  assert.equal(alert!.summary, 'load of tax is 50');
  assert.deepEqual([alert!.state, alert!.value, alert!.labels], ['firing', 50, { service: 'tax' }]);
  await one.rounds(20 * SECOND, { tax: 5 });
  await one.rounds(5 * SECOND, { tax: 50 });
  await one.rounds(10 * SECOND, { tax: 5 });
  assert.deepEqual(one.notices(), [], 'it never was resolved');
  await one.rounds(10 * MINUTE, { tax: 5 });
  assert.deepEqual(one.notices(), ['resolved tax 1']);
  assert.equal(one.alerts.current()[0]!.state, 'resolved');
  await one.clock.advance(HOUR);
  await one.rounds(5 * SECOND, { tax: 5 });
  assert.deepEqual(one.alerts.current(), [], 'an hour later it is no longer shown');
});

test('a restart at any point tells nothing again and forgets nothing', async () => {
  using one = house([LOAD]);
  const load = [5, 5, 5, 5, 5, 5, 5, 50, 50, 50, 50, 50, 5, 5, 5, 50, 50, 5, 5, 5, 5, 5, 5, 5, 5];
  for (const value of load) {
    await one.rounds(5 * SECOND, { tax: value });
    one.restart();
  }
  assert.deepEqual(one.notices(), ['firing tax 1', 'resolved tax 1']);
});

test('an hour in which Palantir was down fires and resolves nothing, and neither do the first samples after it', async () => {
  const rules = [
    rule('load', 'load{service="tax"} > 10', { keepForMs: 30 * SECOND }),
    rule('rare', 'count_over_time(load{service="tax"}[2m]) < 5'),
    rule('gone', 'absent(load)', { forMs: 10 * SECOND }),
    rule('waits', 'load{service="shop"} > 10', { forMs: 2 * MINUTE }),
  ];
  using one = house(rules);
  await one.rounds(MINUTE, { tax: 50 });
  await one.rounds(30 * SECOND, { tax: 50, shop: 50 });
  assert.deepEqual(one.notices(), ['firing tax 1']);
  await one.clock.advance(HOUR);
  one.restart();
  // Nothing has come yet: for the rules the series are gone.
  await one.rounds(20 * SECOND);
  assert.deepEqual(
    one.alerts.current().map(({ rule, state }) => `${rule} ${state}`),
    ['load firing', 'waits pending'],
  );
  await one.rounds(MINUTE, { tax: 50, shop: 50 });
  assert.deepEqual(one.notices(), [], 'shop has held for 30 s and another 30 s since');
  await one.rounds(MINUTE + 10 * SECOND, { tax: 50, shop: 50 });
  assert.deepEqual(one.notices(), ['firing shop 1']);
});

test('without data an alert is kept, resolved or raised, as its rule says', async () => {
  const condition = (noData: 'ok' | 'keep' | 'alert') =>
    ({ kind: 'threshold', expression: 'load > 10', noData }) as const;
  using one = house([
    rule('a', condition('ok')),
    rule('b', condition('keep')),
    rule('c', condition('alert')),
  ]);
  await one.rounds(MINUTE, { tax: 50 });
  one.notices();
  // A sample stands for its series for 5 minutes.
  await one.rounds(6 * MINUTE);
  assert.deepEqual(
    one.alerts.current().map(({ rule, state, service, summary }) => [rule, state, service, summary]),
    [
      ['c', 'firing', '', 'There is no data for c'],
      ['b', 'firing', 'tax', 'b of tax is 50'],
      ['c', 'firing', 'tax', 'c of tax is 50'],
      ['a', 'resolved', 'tax', 'a of tax is 50'],
    ],
  );
  await one.rounds(10 * SECOND, { tax: 5 });
  assert.deepEqual(
    one.alerts.current().filter(({ state }) => state === 'firing'),
    [],
  );
});

test('a rule that fails or hangs harms no other: it is counted, logged once, and its alerts stay', {
  timeout: 20_000,
}, async () => {
  using one = house([LOAD, rule('new', { kind: 'firstSeen', matchers: [] })]);
  await one.rounds(MINUTE, { tax: 50 });
  one.source.trouble = 'fails';
  one.errors.take([logLine(one.clock.wall(), 'no', { severity: 17, service: 'shop' })]);
  await one.rounds(MINUTE);
  one.source.trouble = 'hangs';
  await one.rounds(5 * SECOND);
  assert.deepEqual(one.notices(), ['firing tax 1', 'firing shop 1']);
  one.source.trouble = 'none';
  await one.rounds(10 * SECOND, { tax: 50 });
  assert.deepEqual(one.notices(), []);
  assert.equal(one.logs.filter((line) => line.includes('cannot be evaluated')).length, 1);
  assert.equal(one.logs.filter((line) => line.includes('evaluated again')).length, 1);
  const [metric] = one.telemetry.metrics.snapshot(['alert_rule_failures_total']).metrics;
  assert.deepEqual(metric!.series, [{ labels: ['load'], value: 13 }]);
});

test('told and remembered together: when the sink fails nothing has happened, and the next round tells it', async () => {
  using one = house([LOAD]);
  await one.rounds(MINUTE, { tax: 5 });
  await one.rounds(5 * SECOND, { tax: 50 });
  one.sink = () => {
    throw new Error('full');
  };
  await one.rounds(5 * SECOND, { tax: 50 });
  await assert.rejects(one.rounds(5 * SECOND, { tax: 50 }), /full/);
  assert.equal(one.alerts.current()[0]!.state, 'pending');
  one.sink = () => {};
  await one.rounds(5 * SECOND, { tax: 50 });
  assert.deepEqual(one.notices(), ['firing tax 1']);
});

test('it is alive while rules are read and what becomes of them is kept', async () => {
  using one = house([LOAD]);
  await one.rounds(2 * MINUTE, { tax: 5 });
  assert.equal(one.alerts.isAlive, true);
  one.source.trouble = 'fails';
  await one.rounds(30 * SECOND);
  assert.equal(one.alerts.isAlive, false, 'no rule can be read');
  one.source.trouble = 'none';
  await one.rounds(5 * SECOND, { tax: 5 });
  assert.equal(one.alerts.isAlive, true);
  await one.clock.advance(MINUTE);
  assert.equal(one.alerts.isAlive, false, 'there are no rounds');
});

test('what burns fast and then slowly is over before it begins anew, each told once', async () => {
  const errorShare = 'avg_over_time(load[$window])';
  using one = house([rule('slo', { kind: 'burnRate', errorShare, objective: 0.9 })]);
  await one.rounds(10 * MINUTE, { tax: 1.5 });
  await one.rounds(30 * MINUTE, { tax: 0.2 });
  assert.deepEqual(
    one.told.map(({ reason, severity, alerts }) => [
      reason,
      severity,
      alerts.map(({ labels }) => labels.burn),
    ]),
    [
      ['firing', 'page', ['fast']],
      ['resolved', 'page', ['fast']],
      ['firing', 'ticket', ['slow']],
    ],
  );
});

test('rules are changed all together or not at all; alerts of those that stay are kept, of others resolved quietly', async () => {
  using one = house([LOAD, rule('other', 'load > 20')]);
  await one.rounds(MINUTE, { tax: 50 });
  assert.deepEqual(one.notices(), ['firing tax 1', 'firing tax 1']);
  assert.throws(() => one.alerts.setRules([LOAD, rule('bad', 'rate(load)')]), {
    code: 'INVALID_INPUT',
    message: /the rule "bad" \(test\): expression: .*matrix/,
  });
  assert.throws(() => one.alerts.setRules([LOAD, LOAD]), /"load".*name: another rule has it already/);
  assert.equal(one.alerts.rules.length, 2);
  one.alerts.setRules([{ ...LOAD, summary: '{{ service }} is busy' }]);
  await one.rounds(10 * SECOND, { tax: 50 });
  assert.deepEqual(
    one.alerts.current().map(({ rule, state, summary }) => [rule, state, summary]),
    [
      ['load', 'firing', 'tax is busy'],
      ['other', 'resolved', 'other of tax is 50'],
    ],
  );
  assert.deepEqual(one.notices(), []);
});

test('a silence mutes, says by whom, and what still fires when it ends is told then', async () => {
  using one = house([LOAD]);
  await one.rounds(MINUTE, { tax: 5 });
  const silence = one.alerts.silences.add({
    matchers: [{ label: 'service', op: '=', value: 'tax' }],
    ...{ untilMs: one.clock.wall() + 10 * MINUTE, author: 'ada', comment: 'new disks' },
  });
  await one.rounds(5 * MINUTE, { tax: 50 });
  assert.deepEqual(one.notices(), []);
  assert.equal(one.alerts.current()[0]!.mutedBy, `silence ${silence.id} of ada`);
  one.restart();
  await one.rounds(4 * MINUTE, { tax: 50 });
  assert.deepEqual(one.notices(), [], 'it outlives a restart');
  await one.rounds(2 * MINUTE, { tax: 50 });
  assert.deepEqual(one.notices(), ['firing tax 1']);
});

test('a service that is down mutes its symptoms, and a deploy its restarts, until they are over', async () => {
  using one = house([
    rule('slow', 'load > 10', { labels: { about: 'latency' } }),
    rule('restarts', 'load > 20', { labels: { about: 'restarts' } }),
  ]);
  const service = { name: 'tax', kind: 'service' as const, wanted: 2, versions: ['a'], restarts: 0 };
  one.swarm = { atMs: 0, nodes: [], services: [{ ...service, ready: 0 }] };
  one.changes.add({
    atMs: one.clock.wall() + 30 * SECOND,
    kind: 'deploy',
    service: 'tax',
    title: 'tax: a → b',
  });
  await one.rounds(MINUTE, { tax: 50 });
  assert.deepEqual(
    one.alerts.current().map(({ rule, mutedBy }) => [rule, mutedBy]),
    [
      ['slow', 'tax is down'],
      ['restarts', 'tax is being deployed'],
    ],
  );
  one.swarm = { atMs: 0, nodes: [], services: [] };
  one.restart();
  await one.rounds(10 * SECOND, { tax: 50 });
  assert.deepEqual(one.told, [], 'after a restart it stays muted until the swarm is seen');
  one.swarm = { atMs: 0, nodes: [], services: [{ ...service, ready: 0 }] };
  await one.rounds(MINUTE, { tax: 50 });
  assert.deepEqual(
    one.told.map(({ rule }) => rule),
    [],
  );
  one.swarm = { atMs: 0, nodes: [], services: [{ ...service, ready: 2 }] };
  await one.rounds(5 * SECOND, { tax: 50 });
  assert.deepEqual(
    one.told.map(({ rule }) => rule),
    ['slow'],
  );
  await one.rounds(2 * MINUTE, { tax: 50 });
  assert.deepEqual(
    one.told.map(({ rule }) => rule),
    ['slow', 'restarts'],
  );
});

test('it evaluates each 5 s until it is told to end, and shows what it does as metrics', async () => {
  using one = house([LOAD]);
  const ending = new AbortController();
  one.source.add(
    ...Array.from({ length: 24 }, (_, i) => ({
      series: { __name__: 'load', service: 'tax' },
      atMs: one.clock.wall() + i * 5 * SECOND,
      value: 50,
    })),
  );
  const running = one.alerts.run(ending.signal);
  await one.clock.advance(2 * MINUTE);
  ending.abort();
  await running;
  assert.deepEqual(one.notices(), ['firing tax 1']);
  const seriesOf = (name: string) => one.telemetry.metrics.snapshot([name]).metrics[0]!.series;
  const firing = seriesOf('alerts_firing').map(({ labels, value }) => [labels[0], value]);
  assert.deepEqual(firing, [
    ['page', 1],
    ['ticket', 0],
    ['info', 0],
  ]);
  assert.equal(seriesOf('alert_rules')[0]!.value, 1);
  const page = readFileSync(new URL('../../../../docs/reference/metrics.md', import.meta.url), 'utf8');
  const own = one.telemetry.metrics.instruments().filter(({ name }) => /^alerts?_/.test(name));
  assert.equal(own.length, 4);
  for (const { name, kind, help } of own)
    assert.ok(
      page
        .split('\n')
        .some((line) => line.startsWith(`| \`${name}\` | ${kind} |`) && line.endsWith(`| ${help} |`)),
      `${name} is not on docs/reference/metrics.md as it is`,
    );
  assert.ok(seriesOf('alert_evaluation_seconds')[0]!.histogram!.count >= 24);
});

test('a rule with alerts beyond measure keeps 500 of them and says so', async () => {
  using one = house([rule('many', 'load > 10')]);
  const values = Object.fromEntries(Array.from({ length: 700 }, (_, i) => [`s${i}`, 50]));
  await one.rounds(40 * SECOND, values);
  assert.equal(one.alerts.current().length, 500);
  assert.equal(one.logs.filter((line) => line.includes('700 alerts, of which 500 are kept')).length, 1);
  await one.rounds(5 * SECOND, values);
  assert.equal(one.told.length, 500, 'those that are kept stay the same');
});
