import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { testTelemetry, virtualClock } from '@goblin/core';
import { createDeliveries } from '../deliveries.ts';
import { type Receiver, startReceiver } from '../fixtures/receiver.ts';
import { alertOf, messageOf, START_MS, testState } from '../fixtures/samples.ts';
import { until } from '../fixtures/until.ts';
import type { Notifier } from '../notifier.ts';
import type { NotifierSettings, NotifySettings } from '../settings.ts';
import { createNotifiers } from './create-notifiers.ts';
import type { PageMail } from './setup.ts';

const BASE_URL = 'http://palantir.test:4800';
const { signal } = new AbortController();

interface Made extends Disposable {
  readonly notifier: Notifier;
  readonly mails: PageMail[];
  readonly file: (name: string, text: string) => string;
}

function make(
  settings: (file: Made['file']) => NotifierSettings,
  templates: NotifySettings['templates'] = {},
): Made {
  const folder = mkdtempSync(join(tmpdir(), 'goblin-notifier-'));
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const mails: PageMail[] = [];
  const [notifier] = createNotifiers(
    { notifiers: [settings(file)], templates },
    {
      ...{ fetch, clock: virtualClock(START_MS), baseUrl: BASE_URL },
      sendMail: async (mail) => void mails.push(mail),
    },
  );
  return {
    notifier: notifier!,
    mails,
    file,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}

const slack = (api: Receiver, templates?: NotifySettings['templates']): Made =>
  make(
    (file) => ({
      ...{ name: 'ops', kind: 'slack', channel: '#ops', api: api.url },
      tokenFile: file('token', 'xoxb-one\n'),
    }),
    templates,
  );

test('Slack gets a text that mentions who is on call, and answers with what later messages stand under', async () => {
  await using api = await startReceiver({ status: 200, body: { ok: true, ts: '1.5' } });
  using made = slack(api);
  const recipient = { name: 'ada', slack: 'U024BE7LH' };
  const receipt = await made.notifier.send(messageOf({ recipient, title: 'tax <!channel> & co' }), signal);
  assert.equal(receipt.reference, '1.5');
  await made.notifier.send({ ...messageOf({ reason: 'resolved' }), replyTo: '1.5' }, signal);
  const [first, second] = api.taken;
  assert.equal(first!.path, '/chat.postMessage');
  assert.equal(first!.headers.authorization, 'Bearer xoxb-one');
  assert.equal(first!.body.channel, '#ops');
  assert.equal(first!.body.thread_ts, undefined);
  assert.match(String(first!.body.text), /^<@U024BE7LH> \*PAGE: tax &lt;!channel&gt; &amp; co\*\n/);
  assert.match(String(first!.body.text), /http:\/\/palantir\.test:4800\/explore\/incidents\/1$/);
  assert.equal(second!.body.thread_ts, '1.5');
  assert.equal(second!.body.reply_broadcast, true);
});

test('an incident is one thread in Slack, over all its messages and a restart', async () => {
  await using api = await startReceiver({ status: 200, body: { ok: true, ts: '1.5' } });
  api.next.push(
    { status: 200, body: { ok: true, ts: '1.1' } },
    { status: 200, body: { ok: true, ts: '1.2' } },
  );
  using made = slack(api);
  using kept = testState();
  const clock = virtualClock(START_MS);
  const { log, metrics } = testTelemetry();
  for (const [state, reasons] of [
    [kept.state, ['opened', 'joined']],
    [undefined, ['acknowledged', 'resolved']],
  ] as const) {
    const used = state ?? kept.reopen();
    const deliveries = createDeliveries({ state: used, clock, log, metrics, notifiers: [made.notifier] });
    const stopping = new AbortController();
    const ended = deliveries.run(stopping.signal);
    for (const reason of reasons) deliveries.tell(messageOf({ reason }));
    await until('all is told', () => deliveries.status()[0]!.waiting === 0);
    stopping.abort();
    await ended;
  }
  assert.deepEqual(
    api.taken.map(({ body }) => body.thread_ts),
    [undefined, '1.1', '1.1', '1.1'],
  );
});

test('a new token is used with the next message, and no error tells the token', async () => {
  await using api = await startReceiver({ status: 200, body: { ok: true, ts: '1' } });
  using made = slack(api);
  await made.notifier.send(messageOf(), signal);
  made.file('token', 'xoxb-second');
  await made.notifier.send(messageOf(), signal);
  assert.equal(api.taken[1]!.headers.authorization, 'Bearer xoxb-second');
  made.file('token', '\n');
  await assert.rejects(made.notifier.send(messageOf(), signal), {
    code: 'FAILED_PRECONDITION',
    message: /token: it is empty$/,
  });
  await api[Symbol.asyncDispose]();
  made.file('token', 'xoxb-third');
  await assert.rejects(made.notifier.send(messageOf(), signal), (error: Error) => {
    assert.doesNotMatch(JSON.stringify([error.message, error]), /xoxb/);
    return true;
  });
});

test('what Slack answers tells apart what passes, what the settings are to blame for, and what the message is', async () => {
  await using api = await startReceiver();
  using made = slack(api);
  const answered = async (body: unknown, code: string): Promise<void> => {
    api.next.push({ status: 200, body });
    await assert.rejects(made.notifier.send(messageOf(), signal), { code });
  };
  await answered({ ok: false, error: 'internal_error' }, 'UNAVAILABLE');
  await answered({ ok: false, error: 'invalid_auth' }, 'FAILED_PRECONDITION');
  await answered({ ok: false, error: 'channel_not_found' }, 'FAILED_PRECONDITION');
  await answered({ ok: false, error: 'msg_too_long' }, 'INVALID_INPUT');
  await answered('<html>', 'BAD_ANSWER');
  api.next.push({ status: 429, headers: { 'retry-after': '7' } });
  await assert.rejects(made.notifier.send(messageOf(), signal), {
    code: 'RESOURCE_EXHAUSTED',
    data: { retryAfterMs: 7_000 },
  });
});

test('an incoming webhook of Slack gets the text alone', async () => {
  await using api = await startReceiver({ status: 200, body: 'ok' });
  using made = make((file) => ({
    ...{ name: 'ops', kind: 'slack' },
    urlFile: file('url', `${api.url}/services/T0/B0/secret`),
  }));
  assert.deepEqual(await made.notifier.send(messageOf(), signal), {});
  assert.equal(api.taken[0]!.path, '/services/T0/B0/secret');
  assert.deepEqual(Object.keys(api.taken[0]!.body), ['text']);
});

test('a webhook gets what Alertmanager would send it, signed', async () => {
  await using hook = await startReceiver();
  using made = make((file) => ({
    ...{ name: 'hook', kind: 'webhook', url: hook.url },
    secretFile: file('secret', 'whsec_c2VjcmV0'),
  }));
  const firing = alertOf('tax', { runbook: 'https://wiki.test/tax', description: 'many' });
  const over = alertOf('tax', {
    ...{ id: 'other', rule: 'slow', state: 'resolved', resolvedAtMs: START_MS + 1_000 },
    labels: { service: 'tax', route: '/quote' },
  });
  const message = messageOf({ key: 'k1', alerts: [firing, over] });
  await made.notifier.send(message, signal);
  const [{ headers, body, text }] = hook.taken as [Receiver['taken'][0]];
  const { alerts, commonAnnotations, ...others } = body as {
    alerts: Record<string, unknown>[];
  } & typeof body;
  assert.deepEqual(others, {
    version: '4',
    groupKey: 'incident-1',
    truncatedAlerts: 0,
    status: 'firing',
    receiver: 'hook',
    groupLabels: { incident: '1' },
    commonLabels: { service: 'tax', severity: 'page' },
    externalURL: BASE_URL,
  });
  assert.equal((commonAnnotations as { title: string }).title, 'PAGE: tax: many requests fail');
  const { fingerprint, ...first } = alerts[0]!;
  assert.match(String(fingerprint), /^[0-9a-f]{16}$/);
  assert.notEqual(fingerprint, alerts[1]!.fingerprint);
  assert.deepEqual(first, {
    status: 'firing',
    labels: { alertname: 'many-errors', service: 'tax', severity: 'page' },
    annotations: {
      summary: 'tax: many requests fail',
      description: 'many',
      runbook_url: 'https://wiki.test/tax',
    },
    startsAt: '2026-01-01T00:00:00.000Z',
    endsAt: '0001-01-01T00:00:00Z',
    generatorURL: `${BASE_URL}/explore/incidents/1`,
  });
  assert.equal(alerts[1]!.endsAt, '2026-01-01T00:00:01.000Z');
  const signed = `k1.${headers['webhook-timestamp']}.${text}`;
  const wanted = createHmac('sha256', 'secret').update(signed).digest('base64');
  assert.equal(headers['webhook-signature'], `v1,${wanted}`);
  assert.equal(headers['webhook-id'], 'k1');
  assert.equal(made.notifier.takes(messageOf({ reason: 'noted' })), false);
});

test('a pager gets one incident of its own for each of ours: triggered, acknowledged, resolved', async () => {
  await using pager = await startReceiver({ status: 202, body: { status: 'success' } });
  using made = make((file) => ({
    ...{ name: 'pager', kind: 'pagerduty', url: `${pager.url}/v2/enqueue` },
    keyFile: file('key', 'R0UT1NG'),
  }));
  for (const reason of ['opened', 'acknowledged', 'reopened', 'resolved'] as const)
    await made.notifier.send(messageOf({ reason }), signal);
  assert.deepEqual(
    pager.taken.map(({ body }) => [
      body.routing_key,
      body.event_action,
      body.dedup_key,
      (body.payload as { severity?: string } | undefined)?.severity,
    ]),
    [
      ['R0UT1NG', 'trigger', 'incident-1', 'critical'],
      ['R0UT1NG', 'acknowledge', 'incident-1', undefined],
      ['R0UT1NG', 'trigger', 'incident-1', 'warning'],
      ['R0UT1NG', 'resolve', 'incident-1', undefined],
    ],
  );
  assert.equal(pager.taken[0]!.body.client_url, `${BASE_URL}/explore/incidents/1`);
  assert.equal((pager.taken[0]!.body.payload as { source: string }).source, 'tax');
  for (const reason of ['joined', 'noted', 'assigned', 'changed', 'repeat'] as const)
    assert.equal(made.notifier.takes(messageOf({ reason })), false);
});

test('a mail goes to the team and who is on call, has the same Message-ID whenever it is sent, and replies to the first', async () => {
  using made = make(() => ({ name: 'mail', kind: 'mail', to: ['ops@example.com'] }));
  const message = messageOf({ recipient: { name: 'ada', email: 'ada@example.com' }, title: '<b>tax</b>' });
  const { reference } = await made.notifier.send(message, signal);
  await made.notifier.send(message, signal);
  await made.notifier.send({ ...messageOf({ reason: 'resolved' }), replyTo: reference! }, signal);
  const [first, again, last] = made.mails as [PageMail, PageMail, PageMail];
  assert.deepEqual(first.to, ['ops@example.com', 'ada@example.com']);
  assert.equal(first.subject, 'PAGE: <b>tax</b>');
  assert.match(first.html, /^<h2>PAGE: &lt;b&gt;tax&lt;\/b&gt;<\/h2>/);
  assert.match(first.html, /<a href="http:\/\/palantir.test:4800\/explore\/incidents\/1">/);
  assert.match(first.messageId, /^<[0-9a-f]{40}@palantir\.test>$/);
  assert.equal(again.messageId, first.messageId);
  assert.notEqual(last.messageId, first.messageId);
  assert.equal(last.inReplyTo, first.messageId);
  assert.equal(last.inReplyTo, reference);
});

test('a mail without addresses goes to who is on call, and to nobody where nobody is', () => {
  using made = make(() => ({ name: 'mail', kind: 'mail' }));
  assert.equal(made.notifier.takes(messageOf()), false);
  assert.equal(
    made.notifier.takes(messageOf({ recipient: { name: 'ada', email: 'ada@example.com' } })),
    true,
  );
});

test('the words of a team take the place of ours, and no value is read as a template', async () => {
  await using api = await startReceiver({ status: 200, body: { ok: true, ts: '1' } });
  using made = slack(api, {
    default: { title: '{{ service }} [{{severity}}]', text: '{{ title }} since {{ since }}\n{{ alerts }}' },
  });
  await made.notifier.send(messageOf({ title: 'a {{ link }} $& b' }), signal);
  assert.equal(
    api.taken[0]!.body.text,
    '*tax [page]*\na {{ link }} $&amp; b since 2026-01-01T00:00:00.000Z\n• tax: many requests fail',
  );
});
