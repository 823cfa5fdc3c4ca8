import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageOf } from './fixtures/samples.ts';
import { checkNotifySettings, type NotifySettings } from './settings.ts';
import { checkTemplateText, TEMPLATE_FIELDS, wordsOf } from './templates.ts';

const good: NotifySettings = {
  notifiers: [
    { name: 'ops-slack', kind: 'slack', channel: '#ops', tokenFile: '/run/secrets/slack' },
    { name: 'all-slack', kind: 'slack', urlFile: '/run/secrets/hook', template: 'short' },
    { name: 'mail', kind: 'mail', to: ['ops@example.com'] },
    { name: 'hook', kind: 'webhook', url: 'https://example.com/hook', secretFile: '/run/secrets/hmac' },
    { name: 'pager', kind: 'pagerduty', keyFile: '/run/secrets/pager' },
  ],
  routes: [
    { severity: 'page', to: ['pager', 'ops-slack'] },
    { severity: 'ticket', services: ['pay*'], to: ['mail'] },
  ],
  templates: { short: { title: '{{ service }}: {{ title }}' } },
  rota: {
    zone: 'Europe/Berlin',
    rotation: 'weekly',
    start: '2026-11-23',
    at: '09:00',
    people: [{ name: 'ada', slack: 'U024BE7LH', email: 'ada@example.com', to: ['pager'] }, { name: 'bob' }],
    overrides: [{ person: 'bob', from: '2026-12-24T08:00:00+01:00', until: '2026-12-27T08:00:00+01:00' }],
    escalateAfter: '5m',
  },
  heartbeat: { urlFile: '/run/secrets/heartbeat', every: '1m' },
};

/** `path: message` of each problem. */
function problems(value: unknown): string[] {
  return checkNotifySettings(value).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

test('settings that are right have no problems, and none at all is right too', () => {
  assert.deepEqual(problems(good), []);
  assert.deepEqual(problems({}), []);
});

test('each mistake is told with its place and what would be right', () => {
  const wrong = (change: object): string[] => problems({ ...good, ...change });
  const one = (notifier: object): string[] => problems({ notifiers: [{ name: 'x', ...notifier }] });
  const rota = (change: object): string[] => wrong({ rota: { ...good.rota, ...change } });

  assert.deepEqual(problems([]), [': write names with their values, such as notifiers: …']);
  assert.deepEqual(problems({ notifier: [] }), [
    'notifier: "notifier" is not known here: did you mean notifiers?',
  ]);
  assert.deepEqual(problems({ notifiers: {} }), ['notifiers: write a list']);
  assert.deepEqual(one({ kind: 'slak', tokenFile: 'x' }), [
    'notifiers.0.kind: "slak" is not known here: did you mean slack?',
  ]);
  assert.deepEqual(one({ kind: 'slack' }), ['notifiers.0: write tokenFile or urlFile']);
  assert.deepEqual(one({ kind: 'slack', tokenFile: 'x' }), ['notifiers.0.channel: this is missing']);
  assert.deepEqual(one({ kind: 'slack', tokenFile: 'x', urlFile: 'y', channel: '#x' }), [
    'notifiers.0: write tokenFile or urlFile, not both',
  ]);
  assert.deepEqual(one({ kind: 'slack', token: 'xoxb', urlFile: 'y' }), [
    'notifiers.0.token: "token" is not known here: name, kind, template, channel, tokenFile, urlFile, api',
  ]);
  assert.match(one({ kind: 'webhook', url: 'ftp://x' })[0]!, /^notifiers\.0\.url: write an address/);
  assert.match(one({ kind: 'webhook', url: 'https://a:b@x' })[0]!, /urlFile$/);
  assert.deepEqual(one({ kind: 'pagerduty' }), ['notifiers.0.keyFile: this is missing']);
  assert.deepEqual(one({ kind: 'mail', to: ['ops'] }), [
    'notifiers.0.to.0: write an address such as ops@example.com',
  ]);
  assert.match(
    problems({ notifiers: [{ kind: 'mail', name: 'A b' }] })[0]!,
    /^notifiers\.0\.name: write a name/,
  );
  assert.deepEqual(
    problems({
      notifiers: [
        { kind: 'mail', name: 'a' },
        { kind: 'mail', name: 'a' },
      ],
    }),
    ['notifiers.1.name: two notifiers are named a: give each its own'],
  );
  assert.deepEqual(wrong({ routes: [{ severity: 'pages', to: ['pagr'] }] }), [
    'routes.0.severity: "pages" is not known here: did you mean page?',
    'routes.0.to.0: "pagr" is not known here: did you mean pager?',
  ]);
  assert.match(wrong({ routes: [{ severity: 'page' }] })[0]!, /^routes\.0\.to: write a list/);
  assert.deepEqual(wrong({ templates: { short: { title: '{{ sevice }} {{ title' } } }), [
    'templates.short.title: {{ sevice }} is not known: did you mean {{ service }}?',
    'templates.short.title: a {{ is not closed by }}',
  ]);
  assert.match(rota({ zone: 'Berlin' })[0]!, /^rota\.zone/);
  assert.match(rota({ start: '2026-02-30' })[0]!, /^rota\.start/);
  assert.match(rota({ at: '9' })[0]!, /^rota\.at/);
  assert.match(rota({ people: [], overrides: [] })[0]!, /^rota\.people/);
  assert.match(rota({ escalateAfter: '5s' })[0]!, /^rota\.escalateAfter: this is at least 60s/);
  assert.deepEqual(
    rota({ overrides: [{ person: 'bo', from: '2026-12-24', until: '2026-12-25T00:00:00Z' }] }),
    [
      'rota.overrides.0.person: "bo" is not known here: did you mean bob?',
      'rota.overrides.0.from: write a moment with its offset, such as "2026-12-24T08:00:00+01:00"',
    ],
  );
  assert.match(wrong({ heartbeat: {} })[0]!, /^heartbeat: write url or urlFile/);
});

test('no value, of whatever kind, in whatever place, makes the check throw', () => {
  const odd = [null, undefined, 7, Number.NaN, '', 'x', true, [], {}, [null], { a: null }, ['x'], new Date()];
  const replaced = (value: unknown, change: unknown): unknown[] => {
    if (typeof value !== 'object' || value === null) return [change];
    return Object.entries(value).flatMap(([key, inner]) =>
      [change, ...replaced(inner, change)].map((one) =>
        Array.isArray(value) ? value.with(Number(key), one) : { ...value, [key]: one },
      ),
    );
  };
  for (const change of odd) for (const settings of replaced(good, change)) checkNotifySettings(settings);
});

test('each field of a template can be filled for each message', () => {
  for (const reason of ['opened', 'noted', 'firing', 'folded', 'test'] as const) {
    const message = messageOf({ reason });
    const { incident: _, ...bare } = { ...message, alerts: [], services: [] };
    for (const name of Object.keys(TEMPLATE_FIELDS)) {
      assert.deepEqual(checkTemplateText(`{{ ${name} }}`), []);
      for (const one of [message, bare])
        assert.equal(typeof wordsOf(one, 'http://x', { text: `{{ ${name} }}` }).text, 'string');
    }
  }
});
