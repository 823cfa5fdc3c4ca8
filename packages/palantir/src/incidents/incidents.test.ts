import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testTelemetry, virtualClock } from '@goblin/core';
import type { Alert, AlertNotice } from '../alerts/alert.ts';
import type { Change } from '../changes/change.ts';
import { createChangeLog } from '../changes/change-log.ts';
import type { Flow } from '../live/wall-state.ts';
import { alertOf, START_MS, testState } from '../notify/fixtures/samples.ts';
import type { Message } from '../notify/message.ts';
import { createOnCall } from '../oncall/on-call.ts';
import type { RotaSettings } from '../oncall/rota-settings.ts';
import { seededRandom } from '../store/fixtures/random.ts';
import { incidentRoutes } from './incident-routes.ts';
import { createIncidents, type Incidents } from './incidents.ts';

const MINUTE_MS = 60_000;

interface World extends Disposable {
  readonly incidents: Incidents;
  readonly clock: ReturnType<typeof virtualClock>;
  /** What was told, in order. */
  readonly told: Message[];
  flows: Flow[];
  fires(alert: Alert | Alert[], reason?: AlertNotice['reason']): void;
  ends(...alerts: Alert[]): void;
  changed(change: Partial<Change>): void;
  /** A new process on the same state. */
  restart(): World['incidents'];
}

function world(): World {
  const kept = testState();
  const clock = virtualClock(START_MS);
  const told: Message[] = [];
  const start = (): { incidents: Incidents; changes: ReturnType<typeof createChangeLog> } => {
    const changes = createChangeLog(kept.state);
    const { log } = testTelemetry({ clock });
    const rota: RotaSettings = {
      ...{ zone: 'UTC', rotation: 'weekly', start: '2026-01-01', at: '00:00' },
      people: [{ name: 'ada' }, { name: 'bob' }],
    };
    const onCall = createOnCall({ state: kept.state, clock, log, rota });
    const deliveries = { tell: (message: Message) => void told.push(message) };
    const errors = {
      newSince: (ms: number) =>
        [
          {
            title: 'TypeError: rate is undefined',
            newAtMs: START_MS + 1,
            newIn: { service: 'tax', version: 'b772' },
          },
        ].filter(({ newAtMs }) => newAtMs >= ms),
    };
    const flows = () => one.flows;
    return {
      changes,
      incidents: createIncidents({ state: kept.state, clock, changes, flows, deliveries, onCall, errors }),
    };
  };
  let now: ReturnType<typeof start>;
  const notice = (reason: AlertNotice['reason'], alerts: readonly Alert[]): AlertNotice => {
    const { rule, service, severity } = alerts[0]!;
    return { reason, rule, service, severity, atMs: clock.wall(), alerts };
  };
  const one: World = {
    get incidents() {
      return now.incidents;
    },
    clock,
    told,
    flows: [],
    fires(given, reason = 'firing') {
      now.incidents.accept(
        notice(
          reason,
          [given].flat().map((alert) => ({ firedAtMs: clock.wall(), ...alert })),
        ),
      );
    },
    ends(...alerts) {
      const resolved = alerts.map((alert) => ({
        ...alert,
        state: 'resolved' as const,
        resolvedAtMs: clock.wall(),
      }));
      now.incidents.accept(notice('resolved', resolved));
    },
    changed: (change) =>
      void now.changes.add({ atMs: clock.wall(), kind: 'deploy', title: 'a → b', ...change }),
    restart() {
      kept.reopen();
      now = start();
      return now.incidents;
    },
    [Symbol.dispose]: () => kept[Symbol.dispose](),
  };
  now = start();
  return one;
}

function flow(from: string, to: string): Flow {
  return { from, to, requestsPerSecond: 1, errorShare: 0, p95Ms: 1 };
}

const reasons = ({ told }: World): string[] => told.map(({ reason }) => reason);

/** An alert that begins now. */
const now = (one: World, service: string, more: Partial<Alert> = {}): Alert =>
  alertOf(service, { sinceMs: one.clock.wall(), ...more });

test('a page opens an incident, tells who is on call, and is resolved once when its alert is', async () => {
  using one = world();
  const alert = now(one, 'tax');
  one.fires(alert);
  one.fires(alert);
  const [open] = one.incidents.summaries();
  assert.equal(open?.title, 'tax: many requests fail');
  assert.equal(open.state, 'open');
  await one.clock.advance(5 * MINUTE_MS);
  one.ends(alert);
  one.ends(alert);
  assert.deepEqual(reasons(one), ['opened', 'resolved']);
  assert.equal(one.told[0]!.recipient?.name, 'ada');
  assert.equal(one.incidents.get(open.id).state, 'resolved');
  assert.equal(one.incidents.summaries().length, 1);
  await one.clock.advance(61 * MINUTE_MS);
  assert.equal(one.incidents.summaries().length, 0);
  assert.equal(one.incidents.list().length, 1);
});

test('one cause is one page: alerts of the service, of its callers, and of the same time join', async () => {
  using one = world();
  one.flows = [flow('payments', 'tax'), flow('edge', 'payments')];
  one.fires(now(one, 'tax'));
  await one.clock.advance(10 * MINUTE_MS);
  one.fires(now(one, 'tax', { rule: 'slow' }));
  one.fires(now(one, 'payments'));
  one.flows = [];
  one.fires(now(one, 'edge'));
  one.fires(now(one, 'disk', { rule: 'full', sinceMs: START_MS + MINUTE_MS }));
  one.fires(now(one, 'mail'));
  assert.deepEqual(reasons(one), ['opened', 'joined', 'joined', 'joined', 'joined', 'opened']);
  const [other, first] = one.incidents.summaries();
  assert.deepEqual(first?.services, ['tax', 'payments', 'edge', 'disk']);
  assert.deepEqual(other?.services, ['mail']);
  assert.equal(one.told[4]!.title, 'disk: many requests fail');
});

test('it is resolved when the last of its alerts is, in whatever order', async () => {
  using one = world();
  const alerts = ['a', 'b', 'c'].map((rule) => now(one, 'tax', { rule }));
  for (const alert of alerts) one.fires(alert);
  for (const alert of [alerts[1]!, alerts[0]!]) one.ends(alert);
  assert.equal(one.incidents.summaries()[0]?.state, 'open');
  one.ends(alerts[2]!);
  assert.deepEqual(reasons(one), ['opened', 'joined', 'joined', 'resolved']);
});

test('what fires again within 10 minutes opens the same incident again, without a page; later it is a new one', async () => {
  using one = world();
  one.fires(now(one, 'tax'));
  one.ends(alertOf('tax'));
  await one.clock.advance(9 * MINUTE_MS);
  one.fires(now(one, 'tax'));
  assert.deepEqual(reasons(one), ['opened', 'resolved', 'reopened']);
  assert.equal(one.incidents.list().length, 1);
  one.ends(alertOf('tax'));
  await one.clock.advance(11 * MINUTE_MS);
  one.fires(now(one, 'tax'));
  assert.deepEqual(reasons(one), ['opened', 'resolved', 'reopened', 'resolved', 'opened']);
  assert.equal(one.incidents.list().length, 2);
});

test('an incident that was resolved by hand is not told again while its alert fires on', async () => {
  using one = world();
  one.fires(now(one, 'tax'));
  one.incidents.resolve(1, 'ada');
  await one.clock.advance(5 * 60 * MINUTE_MS);
  one.fires(alertOf('tax'), 'repeat');
  assert.deepEqual(reasons(one), ['opened', 'resolved']);
  one.ends(alertOf('tax'));
  await one.clock.advance(MINUTE_MS);
  one.fires(now(one, 'tax'));
  assert.deepEqual(reasons(one), ['opened', 'resolved', 'opened']);
});

test('a page that repeats reminds of what nobody has acknowledged', async () => {
  using one = world();
  const [first, second] = [now(one, 'tax'), now(one, 'tax', { rule: 'slow' })];
  one.fires(first);
  one.fires(second);
  await one.clock.advance(240 * MINUTE_MS);
  one.fires(first, 'repeat');
  one.fires(second, 'repeat');
  assert.deepEqual(reasons(one), ['opened', 'joined', 'repeat']);
  one.incidents.acknowledge(1, 'ada');
  await one.clock.advance(240 * MINUTE_MS);
  one.fires(first, 'repeat');
  assert.deepEqual(reasons(one), ['opened', 'joined', 'repeat', 'acknowledged']);
});

test('a group that is resolved ends all its alerts, also those that the notice does not list any more', () => {
  using one = world();
  const alerts = ['x', 'y'].map((instance) =>
    now(one, 'tax', { id: instance, labels: { service: 'tax', instance } }),
  );
  one.fires(alerts);
  one.ends(alerts[0]!);
  assert.deepEqual(reasons(one), ['opened', 'resolved']);
  assert.deepEqual(
    one.incidents.get(1).alerts.map(({ state }) => state),
    ['resolved', 'resolved'],
  );
});

test('when a rule is taken out its alerts are over, and what they raised is resolved', () => {
  using one = world();
  one.fires(now(one, 'tax'));
  one.fires(now(one, 'tax', { rule: 'slow' }));
  one.incidents.keepRules(new Set(['many-errors', 'slow']));
  one.incidents.keepRules(new Set(['slow']));
  assert.equal(one.incidents.get(1).state, 'open');
  one.incidents.keepRules(new Set());
  assert.deepEqual(reasons(one), ['opened', 'joined', 'resolved']);
});

test('alerts that come and go keep their incident open until they are calm', () => {
  using one = world();
  one.fires(now(one, 'tax'));
  one.ends(alertOf('tax'));
  one.fires(now(one, 'tax', { isFlapping: true }), 'flapping');
  assert.deepEqual(reasons(one), ['opened', 'resolved', 'reopened']);
  assert.equal(one.incidents.get(1).timeline.filter(({ kind }) => kind === 'flapping').length, 1);
  one.ends(alertOf('tax'));
  assert.equal(one.incidents.get(1).state, 'resolved');
});

test('tickets are told as they are and make no incident', () => {
  using one = world();
  const ticket = now(one, 'tax', { severity: 'ticket' });
  one.fires(ticket);
  one.ends(ticket);
  assert.deepEqual(
    one.told.map(({ reason, severity, thread, incident }) => [reason, severity, thread, incident]),
    [
      ['firing', 'ticket', 'ticket-["many-errors","tax"]', undefined],
      ['resolved', 'ticket', 'ticket-["many-errors","tax"]', undefined],
    ],
  );
  assert.deepEqual(one.incidents.list(), []);
});

test('the latest change of what has to do with it is the first suspect, but no restart where there is another', async () => {
  using one = world();
  one.flows = [flow('edge', 'payments'), flow('payments', 'tax'), flow('edge', 'shop')];
  one.changed({ service: 'tax', title: 'too long ago' });
  await one.clock.advance(31 * MINUTE_MS);
  one.changed({ service: 'tax', title: 'tax: a41f → b772', author: 'bob' });
  one.changed({ service: 'shop', title: 'shop: 1 → 2' });
  await one.clock.advance(MINUTE_MS);
  one.changed({ kind: 'restart', service: 'payments', title: 'payments was started again' });
  one.fires(now(one, 'payments'));
  await one.clock.advance(MINUTE_MS);
  one.changed({ kind: 'rollback', service: 'tax', title: 'tax: b772 → a41f' });
  assert.equal(one.incidents.summaries()[0]!.suspect?.title, 'tax: a41f → b772');
  assert.equal(one.told[0]!.incident!.suspect!.author, 'bob');
  const changes = one.incidents.get(1).timeline.flatMap(({ change }) => change?.title ?? []);
  assert.deepEqual(changes, ['tax: a41f → b772', 'payments was started again', 'tax: b772 → a41f']);
});

test('what was changed after the trouble began is suspected only where there is nothing else', async () => {
  using one = world();
  await one.clock.advance(10 * MINUTE_MS);
  one.changed({ kind: 'rollback', service: 'tax', title: 'a remedy' });
  one.fires(alertOf('tax', { sinceMs: START_MS + 5 * MINUTE_MS }));
  assert.equal(one.incidents.summaries()[0]!.suspect?.title, 'a remedy');
  one.changed({ atMs: START_MS + MINUTE_MS, service: 'tax', title: 'the cause' });
  assert.equal(one.incidents.summaries()[0]!.suspect?.title, 'the cause');
});

test('what people do is written down and told: who has it, hand-over, notes, resolved by hand', async () => {
  using one = world();
  one.fires(now(one, 'tax'));
  await one.clock.advance(2 * MINUTE_MS);
  assert.equal(one.incidents.acknowledge(1, 'ada').owner, 'ada');
  one.incidents.acknowledge(1, 'ada');
  assert.equal(one.incidents.assign(1, 'bob', 'ada').owner, 'bob');
  one.incidents.note(1, 'the rate table | is empty', 'bob');
  one.incidents.resolve(1, 'bob');
  one.incidents.resolve(1, 'bob');
  assert.deepEqual(reasons(one), ['opened', 'acknowledged', 'assigned', 'noted', 'resolved']);
  assert.equal(new Set(one.told.map(({ key }) => key)).size, 5);
  assert.throws(() => one.incidents.acknowledge(1, 'ada'), { code: 'FAILED_PRECONDITION' });
  assert.throws(() => one.incidents.acknowledge(7, 'ada'), { code: 'NOT_FOUND' });
  assert.throws(() => one.incidents.note(1, '', 'ada'), { code: 'INVALID_INPUT' });
  assert.throws(() => one.incidents.note(1, 'x', undefined as never), { code: 'INVALID_INPUT' });
  assert.throws(() => one.incidents.note(1, 'x'.repeat(4_001), 'ada'), { code: 'INVALID_INPUT' });
});

test('the report says what happened when, what changed, who did what, and how long it took', async () => {
  using one = world();
  one.changed({ service: 'tax', title: 'tax: a41f → b772 <script>', author: 'bob' });
  await one.clock.advance(MINUTE_MS);
  const alert = now(one, 'tax', { description: 'More than 5 % fail.', runbook: 'https://wiki.test/tax' });
  one.fires(alert);
  await one.clock.advance(3 * MINUTE_MS);
  one.incidents.acknowledge(1, 'ada');
  one.incidents.note(1, 'a | b\nand c', 'ada');
  await one.clock.advance(9 * MINUTE_MS);
  one.ends(alert);
  const report = one.incidents.report(1);
  for (const part of [
    '# Incident 1: tax: many requests fail',
    '| Acknowledged | 2026-01-01 00:04:00 (after 3 min) |',
    '| Resolved | 2026-01-01 00:13:00 (after 12 min) |',
    'Services: tax.',
    'More than 5 % fail.',
    '| 2026-01-01 00:00:00 | first error | tax: new error: TypeError: rate is undefined (b772) |  |',
    'First suspect: **tax: a41f → b772 &lt;script>** (deploy), 1 min before it opened.',
    '| ada | note | a \\| b and c | 2026-01-01 00:04:00 |',
    '## Causes',
    '## Follow-ups',
  ])
    assert.ok(report.includes(part), `${part} is missing in\n${report}`);
});

test('a restart neither pages again nor forgets', async () => {
  using one = world();
  one.fires(now(one, 'tax'));
  one.incidents.acknowledge(1, 'ada');
  const incidents = one.restart();
  one.fires(alertOf('tax'));
  assert.equal(incidents.get(1).owner, 'ada');
  one.ends(alertOf('tax'));
  assert.deepEqual(reasons(one), ['opened', 'acknowledged', 'resolved']);
});

test('whatever order alerts come in: one opened and one resolved for each incident, and none is left open', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    using one = world();
    const random = seededRandom(seed);
    const pick = <T>(from: readonly T[]): T => from[random(from.length)]!;
    const services = ['edge', 'payments', 'tax', 'mail', ''];
    one.flows = [flow('edge', 'payments'), flow('payments', 'tax')];
    const firing = new Map<string, Alert>();
    for (let step = 0; step < 60; step++) {
      await one.clock.advance(random(4 * MINUTE_MS));
      const alert = now(one, pick(services), { rule: pick(['errors', 'slow', 'full']) });
      const what = random(100);
      if (what < 10) one.restart();
      if (firing.has(alert.id) && what < 60) {
        firing.delete(alert.id);
        one.ends(alert);
      } else {
        one.fires(alert, firing.has(alert.id) ? pick(['repeat', 'changed', 'firing']) : 'firing');
        firing.set(alert.id, alert);
      }
      if (what >= 97) for (const { id } of one.incidents.summaries()) one.incidents.resolve(id, 'ada');
    }
    for (const alert of firing.values()) one.ends(alert);
    for (const { id, state } of one.incidents.list()) {
      assert.equal(state, 'resolved', `seed ${seed}: ${id} is left open`);
      const said = one.told.filter(({ incident }) => incident?.id === id).map(({ reason }) => reason);
      const times = (wanted: string): number => said.filter((reason) => reason === wanted).length;
      assert.equal(said[0], 'opened');
      assert.equal(times('opened'), 1, `seed ${seed}: ${said}`);
      assert.equal(times('resolved'), 1 + times('reopened'), `seed ${seed}: ${said}`);
      assert.equal(said.at(-1) === 'resolved' || said.at(-1) === 'repeat', true, `seed ${seed}: ${said}`);
    }
    assert.equal(new Set(one.told.map(({ key }) => key)).size, one.told.length);
  }
});

test('the timeline is bounded, and people can still write into it', () => {
  using one = world();
  one.fires(now(one, 'tax'));
  for (let i = 0; i < 300; i++) {
    const alert = now(one, 'tax', { rule: `r${i}` });
    one.fires(alert);
    one.ends(alert);
  }
  one.incidents.note(1, 'what a day', 'ada');
  const { timeline } = one.incidents.get(1);
  assert.equal(timeline.filter(({ kind }) => kind !== 'error').length, 502);
  assert.ok(timeline.some(({ text }) => text === 'what a day'));
});

test('what was changed, and who was woken, has room in a timeline that alerts have filled', () => {
  using one = world();
  one.fires(now(one, 'tax'));
  for (let i = 0; i < 300; i++) {
    const alert = now(one, 'tax', { rule: `r${i}` });
    one.fires(alert);
    one.ends(alert);
  }
  one.changed({ kind: 'rollback', service: 'tax', title: 'back' });
  one.incidents.escalate(1, { name: 'bob' });
  one.ends(now(one, 'tax'));
  const { timeline, state } = one.incidents.get(1);
  assert.equal(state, 'resolved');
  for (const kind of ['escalated', 'change', 'resolved'])
    assert.equal(timeline.filter((entry) => entry.kind === kind).length, 1, kind);
  one.incidents.escalate(1, { name: 'ada' });
  assert.equal(one.told.at(-1)!.reason, 'resolved');
});

test('an incident that alerts come to without end stays bounded, and says how many there are', () => {
  using one = world();
  one.fires(now(one, 'tax'));
  for (let i = 0; i < 700; i++) {
    const alert = now(one, 'tax', { rule: `r${i}` });
    one.fires(alert);
    if (i < 650) one.ends(alert);
  }
  assert.equal(one.incidents.get(1).alerts.length, 200);
  const { alerts, moreAlerts } = one.told.at(-1)!;
  assert.deepEqual([alerts.length, alerts.length + moreAlerts], [20, 1 + 50 + 500]);
  assert.ok(alerts.every(({ state }) => state === 'firing'));
});

test('incidents can be read and acted on over HTTP', async () => {
  using one = world();
  one.fires(now(one, 'tax'));
  const routes = incidentRoutes(one.incidents);
  const ask = async (route: string, body?: unknown, id = '1'): Promise<Response> =>
    routes[route]!(
      new Request('http://palantir.test/', {
        method: 'POST',
        body: typeof body === 'string' ? body : JSON.stringify(body ?? {}),
      }),
      undefined as never,
      { id },
    );
  const of = '/palantir/incidents/:id';
  assert.equal(((await (await ask('GET /palantir/incidents')).json()) as unknown[]).length, 1);
  const acknowledged = await ask(`POST ${of}/acknowledge`, { by: 'ada' });
  assert.equal(((await acknowledged.json()) as { owner: string }).owner, 'ada');
  await ask(`POST ${of}/assign`, { by: 'ada', to: 'bob' });
  await ask(`POST ${of}/note`, { by: 'bob', text: 'hm' });
  await ask(`POST ${of}/resolve`, { by: 'bob' });
  const { timeline } = (await (await ask(`GET ${of}`)).json()) as { timeline: { kind: string }[] };
  assert.deepEqual(
    timeline.map(({ kind }) => kind),
    ['opened', 'acknowledged', 'assigned', 'noted', 'resolved'],
  );
  assert.match((await ask(`GET ${of}/report`)).headers.get('content-type')!, /^text\/markdown/);
  await assert.rejects(ask(`POST ${of}/note`, 'no json'), { code: 'INVALID_INPUT' });
  await assert.rejects(ask(`POST ${of}/note`, '7'), { code: 'INVALID_INPUT' });
  await assert.rejects(ask(`POST ${of}/note`, { by: 'ada', text: 7 }), { code: 'INVALID_INPUT' });
  await assert.rejects(ask(`GET ${of}`, {}, '../1'), { code: 'NOT_FOUND' });
});
