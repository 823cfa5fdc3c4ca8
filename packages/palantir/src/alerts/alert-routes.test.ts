import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testTelemetry } from '@goblin/core';
import { createChangeLog } from '../changes/change-log.ts';
import { openState } from '../state/state-database.ts';
import { temporaryFolder } from '../store/fixtures/folder.ts';
import { noonClock } from '../store/fixtures/telemetry.ts';
import type { Alert } from './alert.ts';
import { alertRoutes } from './alert-routes.ts';
import { createAlerts } from './engine.ts';
import type { Silence } from './silences.ts';
import { routeHost } from './testing/route-host.ts';
import { rule } from './testing/rules.ts';
import { testSource, wave } from './testing/series-source.ts';

test('alerts, rules and silences over HTTP; what is wrong with a request is told by its field', async () => {
  using folder = temporaryFolder();
  using state = openState(folder.path);
  const clock = noonClock();
  const { log, metrics } = testTelemetry();
  const load = wave({ __name__: 'load', service: 'tax' }, clock.wall() + 60_000, 60_000, () => 50);
  const alerts = createAlerts({
    ...{ state, clock, log, telemetryMetrics: metrics, metrics: testSource(load) },
    logs: { searchLogs: async function* () {}, logCounts: async () => [] },
    ...{ errors: { newSince: () => [] }, sink: { accept: () => {} }, changes: createChangeLog(state) },
    swarm: () => ({ atMs: 0, nodes: [], services: [] }),
  });
  alerts.setRules([rule('load', 'load > 10')]);
  for (let round = 0; round < 8; round++) {
    await alerts.evaluate(clock.wall());
    await clock.advance(5_000);
  }
  await using host = await routeHost(alertRoutes(alerts));
  const shown = async (): Promise<Alert> => {
    const [, body] = (await host.ask('GET', '/palantir/alerts')) as [
      number,
      { alerts: Alert[]; rules: object[] },
    ];
    assert.equal(body.rules.length, 1);
    return body.alerts[0]!;
  };
  assert.deepEqual([(await shown()).state, (await shown()).mutedBy], ['firing', undefined]);

  const silence = {
    matchers: [{ label: 'rule', op: '=', value: 'load' }],
    ...{ untilMs: clock.wall() + 60_000, author: 'ada', comment: 'known' },
  };
  const [status, made] = (await host.ask('POST', '/palantir/silences', silence)) as [number, Silence];
  assert.deepEqual([status, made.author, made.fromMs], [201, 'ada', clock.wall()]);
  assert.equal((await shown()).mutedBy, `silence ${made.id} of ada`, 'it is seen at once');
  assert.deepEqual((await host.ask('GET', '/palantir/silences'))[1], [made]);
  const [, ended] = (await host.ask('DELETE', `/palantir/silences/${made.id}?by=bob`)) as [number, Silence];
  assert.equal(ended.expiredBy, 'bob');
  assert.equal((await shown()).mutedBy, undefined);

  for (const [method, path, body, wantedStatus, message] of [
    ['POST', '', 'not json', 400, /JSON object/],
    ['POST', '', [], 400, /^matchers/],
    ['POST', '', { ...silence, matchers: [null] }, 400, /^matchers\[0\]\.label/],
    ['POST', '', { ...silence, matchers: [{ label: 'a', op: '~', value: 'b' }] }, 400, /^matchers\[0\]\.op/],
    ['POST', '', { ...silence, matchers: [{ label: 'a', op: '=' }] }, 400, /^matchers\[0\]\.value/],
    ['POST', '', { ...silence, untilMs: 'soon' }, 400, /^untilMs/],
    ['POST', '', { ...silence, author: 5 }, 400, /^author/],
    ['POST', '', { ...silence, comment: undefined }, 400, /^comment/],
    ['DELETE', '/x?by=bob', undefined, 400, /^id/],
    ['DELETE', '/1', undefined, 400, /^by/],
    ['DELETE', '/99?by=bob', undefined, 404, /no silence 99/],
  ] as const) {
    const [gotStatus, answer] = await host.ask(method, `/palantir/silences${path}`, body);
    assert.equal(gotStatus, wantedStatus, JSON.stringify(answer));
    assert.match((answer as { detail: string }).detail, message);
  }
});
