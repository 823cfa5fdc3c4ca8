import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { testTelemetry, virtualClock } from '@goblin/core';
import type { AlertNotice } from '../alerts/alert.ts';
import { createChangeLog } from '../changes/change-log.ts';
import { type Receiver, startReceiver } from '../notify/fixtures/receiver.ts';
import { alertOf, START_MS, testState } from '../notify/fixtures/samples.ts';
import { until } from '../notify/fixtures/until.ts';
import type { NotifySettings } from '../notify/settings.ts';
import { checkNotifySettings } from '../notify/settings.ts';
import { createIncidentResponse, type IncidentResponse } from './incident-response.ts';

const MINUTE_MS = 60_000;

interface Running extends AsyncDisposable {
  readonly response: IncidentResponse;
  readonly clock: ReturnType<typeof virtualClock>;
  settings(pager: Receiver, bobs: Receiver): NotifySettings;
  notice(reason: AlertNotice['reason'], service?: string): void;
}

function start(settingsOf: (one: Pick<Running, 'settings'>) => NotifySettings): Running {
  const kept = testState();
  const clock = virtualClock(START_MS);
  const { log, metrics } = testTelemetry({ clock });
  const file = (name: string): string => {
    const path = join(kept.folder, name);
    writeFileSync(path, `key of ${name}`);
    return path;
  };
  const settings: Running['settings'] = (pager, bobs) => ({
    notifiers: [
      { name: 'pager', kind: 'pagerduty', url: pager.url, keyFile: file('pager') },
      { name: 'bobs', kind: 'webhook', url: bobs.url },
    ],
    routes: [{ severity: 'page', to: ['pager'] }],
    rota: {
      ...{ zone: 'UTC', rotation: 'weekly', start: '2026-01-01', at: '00:00', escalateAfter: '5m' },
      people: [{ name: 'ada' }, { name: 'bob', to: ['bobs'] }],
    },
  });
  const given = settingsOf({ settings });
  assert.deepEqual(checkNotifySettings(given), []);
  const response = createIncidentResponse({
    ...{ state: kept.state, clock, log, metrics, fetch, settings: given },
    changes: createChangeLog(kept.state),
    flows: () => [],
    baseUrl: 'http://palantir.test',
    isAlive: () => true,
  });
  const stopping = new AbortController();
  const ended = response.run(stopping.signal);
  return {
    response,
    clock,
    settings,
    notice(reason, service = 'tax') {
      const state = reason === 'resolved' ? 'resolved' : 'firing';
      const alert = alertOf(service, { sinceMs: clock.wall(), state });
      const { rule, severity } = alert;
      response.incidents.accept({ reason, rule, service, severity, atMs: clock.wall(), alerts: [alert] });
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await ended;
      rmSync(join(kept.folder, 'pager'), { force: true });
      kept[Symbol.dispose]();
    },
  };
}

const actions = ({ taken }: Receiver): unknown[] => taken.map(({ body }) => body.event_action);

test('a page that nobody takes goes to the next person by their own way; who has it is told to all, and so is the end', async () => {
  await using pager = await startReceiver({ status: 202 });
  await using bobs = await startReceiver();
  await using one = start(({ settings }) => settings(pager, bobs));
  one.notice('firing');
  await until('the pager has it', () => pager.taken.length === 1);
  assert.equal(bobs.received.length, 0);
  await one.clock.advance(5 * MINUTE_MS);
  await until('it escalates', () => pager.taken.length === 2 && bobs.taken.length === 1);
  const { title } = bobs.taken[0]!.body.commonAnnotations as { title: string };
  assert.equal(title, 'PAGE, not acknowledged: tax: many requests fail');
  one.response.incidents.acknowledge(1, 'bob');
  await until('the pager knows who has it', () => pager.taken.length === 3);
  await one.clock.advance(60 * MINUTE_MS);
  one.notice('resolved');
  await until('all hear the end', () => pager.taken.length === 4 && bobs.taken.length === 2);
  assert.deepEqual(actions(pager), ['trigger', 'trigger', 'acknowledge', 'resolve']);
  assert.equal(new Set(pager.taken.map(({ body }) => body.dedup_key)).size, 1);
  assert.equal(bobs.taken[1]!.body.status, 'resolved');
});

test('an escalation that was not delivered before a receiver failed waits for it like any other message', async () => {
  await using pager = await startReceiver({ status: 503 });
  await using bobs = await startReceiver();
  await using one = start(({ settings }) => settings(pager, bobs));
  one.notice('firing');
  await until('the pager fails', () => pager.received.length === 1);
  await one.clock.advance(5 * MINUTE_MS);
  await until('the next person is told all the same', () => bobs.taken.length === 1);
  pager.behaviour = { status: 202 };
  await until('the pager gets both', () => {
    void one.clock.advance(100);
    return pager.taken.length === 2;
  });
});

test('other settings count from the next message on, without a restart', async () => {
  await using pager = await startReceiver({ status: 202 });
  await using bobs = await startReceiver();
  await using one = start(({ settings }) => settings(pager, bobs));
  one.notice('firing');
  await until('the pager has it', () => pager.taken.length === 1);
  one.response.configure({ notifiers: [{ name: 'bobs', kind: 'webhook', url: bobs.url }] });
  await one.clock.advance(30 * MINUTE_MS);
  one.notice('firing', 'mail');
  one.notice('resolved');
  await until('the new one hears of both', () => bobs.taken.length === 2);
  assert.equal(pager.taken.length, 1);
  one.response.configure({});
  assert.deepEqual(one.response.deliveries.status(), []);
});

test('notifiers can be looked at and tried over HTTP', async () => {
  await using pager = await startReceiver({ status: 202 });
  await using bobs = await startReceiver({ status: 403, body: 'no' });
  await using one = start(({ settings }) => settings(pager, bobs));
  const ask = async (route: string, name = ''): Promise<Response> =>
    one.response.routes[route]!(new Request('http://palantir.test'), undefined as never, { name });
  assert.deepEqual(await (await ask('POST /palantir/notifiers/:name/test', 'pager')).json(), { sent: true });
  assert.deepEqual(actions(pager), ['trigger']);
  await assert.rejects(ask('POST /palantir/notifiers/:name/test', 'bobs'), { code: 'FAILED_PRECONDITION' });
  one.notice('firing');
  await until('the pager has it', () => one.response.deliveries.status()[0]!.state === 'ok');
  const { notifiers, dead } = (await (await ask('GET /palantir/notifiers')).json()) as {
    notifiers: { name: string; state: string }[];
    dead: unknown[];
  };
  assert.deepEqual(
    notifiers.map(({ name, state }) => [name, state]),
    [
      ['pager', 'ok'],
      ['bobs', 'untried'],
    ],
  );
  assert.deepEqual(dead, []);
});
