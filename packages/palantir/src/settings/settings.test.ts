import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Rule } from '../alerts/alert.ts';
import { DEFAULT_RULES } from '../alerts/default-rules.ts';
import { compileRules } from '../alerts/rule-check.ts';
import { loadSettings } from './load-settings.ts';
import { problemLine } from './problem.ts';
import type { Settings } from './settings.ts';
import { guideFiles } from './testing/guide.ts';
import { settingsFolder } from './testing/settings-folder.ts';

async function settingsOf(files: Readonly<Record<string, string>>): Promise<Settings> {
  using folder = settingsFolder(files);
  const { settings, problems } = await loadSettings(folder.path);
  assert.deepEqual(problems.map(problemLine), []);
  return settings!;
}

function ruleNamed({ rules }: Settings, name: string): Rule {
  return rules.find((rule) => rule.name === name) ?? assert.fail(`no rule ${name}`);
}

test('what the guide shows is read without a mistake, and taken by the engine', async () => {
  using folder = settingsFolder(guideFiles());
  const { settings, problems } = await loadSettings(join(folder.path, 'palantir'));
  assert.deepEqual(problems.map(problemLine), []);
  const { rules, notify, dashboards, catalogue, stacks } = settings!;
  const sources = { metrics: { select: async () => [] }, logs: {}, errors: {} };
  assert.equal(compileRules(rules, sources as never).length, DEFAULT_RULES.length - 1 + 6);
  assert.deepEqual(
    notify.notifiers!.map(({ name }) => name),
    ['ops-slack', 'ops-mail', 'pager'],
  );
  assert.equal(notify.rota!.people.length, 2);
  assert.equal(notify.templates!.default!.title, '{{ severity }}: {{ title }}');
  assert.equal(dashboards[0]!.rows[0]!.panels[1]!.queries.length, 2);
  assert.equal(catalogue.tax!.owner, 'team money');
  assert.deepEqual(
    stacks.map(({ name, services }) => [name, services.length]),
    [['shop', 3]],
  );
});

test('a metric template is written once and reused for each service, in whatever file it stands', async () => {
  const settings = await settingsOf({
    'a.yaml': `rules:
  - { name: errors, use: errors, forEach: [tax, payments], with: { window: 5m }, above: 5, summary: '{{ service }}: {{ value }}' }
`,
    'b.yaml': `metrics: { errors: { expression: 'sum(rate(e{service="{{ service }}"}[{{ window }}]))' } }`,
  });
  const { source, ...rule } = ruleNamed(settings, 'errors: tax');
  assert.deepEqual(rule, {
    name: 'errors: tax',
    severity: 'ticket',
    condition: {
      kind: 'threshold',
      expression: '(sum(rate(e{service="tax"}[5m]))) > 5',
      noData: 'keep',
    },
    forMs: 0,
    keepForMs: 0,
    labels: { service: 'tax' },
    summary: 'tax: {{ value }}',
  });
  assert.match(source, /a\.yaml:2$/);
  assert.equal(ruleNamed(settings, 'errors: payments').labels.service, 'payments');
});

test('merge keys bring in what a map does not say itself, the first of several before the others', async () => {
  const settings = await settingsOf({
    'a.yaml': `templates:
  - &slow { for: 10m, keepFor: 20m }
  - &loud { for: 1s, severity: page }
rules:
  - { <<: [*slow, *loud], name: one, expression: up == 0, keepFor: 0s }
`,
  });
  const { forMs, keepForMs, severity } = ruleNamed(settings, 'one');
  assert.deepEqual([forMs, keepForMs, severity], [600_000, 0, 'page']);
});

test('every condition and an objective become what the engine takes', async () => {
  const settings = await settingsOf({
    'a.yaml': `rules:
  - name: many
    count: { where: '{service="tax",team!="x"}', words: [boom], level: error, by: [code], atLeast: 3, within: 1m }
  - { name: new, firstSeen: {} }
slos:
  - { name: answered, objective: 99.95%, errorShare: 'rate(bad[$window])', labels: { team: money } }
`,
  });
  assert.deepEqual(ruleNamed(settings, 'many').condition, {
    kind: 'count',
    matchers: [
      { label: 'service', op: '=', value: 'tax' },
      { label: 'team', op: '!=', value: 'x' },
    ],
    words: ['boom'],
    logSeverity: 17,
    by: ['code'],
    atLeast: 3,
    windowMs: 60_000,
  });
  assert.deepEqual(ruleNamed(settings, 'new').condition, { kind: 'firstSeen', matchers: [] });
  const slo = ruleNamed(settings, 'answered');
  assert.deepEqual(slo.condition, {
    kind: 'burnRate',
    errorShare: 'rate(bad[$window])',
    objective: 0.9995,
  });
  assert.deepEqual([slo.severity, slo.labels], ['page', { team: 'money' }]);
});

test('default rules can be taken off and changed, the number that they compare with too', async () => {
  const settings = await settingsOf({
    'a.yaml': `disable: [heap]
override:
  disk: { threshold: 20.5, severity: page, for: 1h, labels: { team: ops } }
  latency: { expression: 'vector(1) > 0' }
`,
  });
  assert.equal(settings.rules.length, DEFAULT_RULES.length - 1);
  const before = DEFAULT_RULES.find(({ name }) => name === 'disk')!;
  const { condition, severity, forMs, labels, source } = ruleNamed(settings, 'disk');
  assert.match((condition as { expression: string }).expression, /< 20\.5$/);
  assert.deepEqual([severity, forMs, labels], ['page', 3_600_000, { ...before.labels, team: 'ops' }]);
  assert.match(source, /^default, changed in .*a\.yaml:3$/);
});

test('paths of secrets and stacks are relative to the file that names them', async () => {
  using folder = settingsFolder({
    'palantir/a.yaml': `notifiers: [{ name: s, kind: slack, urlFile: ../secrets/slack }]\nstacks: [../stack.yaml]`,
    'stack.yaml': `services: { web: { image: "web:\${TAG:-7}" } }`,
  });
  const { settings, problems } = await loadSettings(join(folder.path, 'palantir'), {
    variables: { TAG: '8' },
  });
  assert.deepEqual(problems, []);
  assert.equal(
    (settings!.notify.notifiers![0] as { urlFile: string }).urlFile,
    join(folder.path, 'secrets/slack'),
  );
  assert.equal(settings!.stacks[0]!.services[0]!.image, 'web:8');
});

test('without a folder, and with an empty one, the default rules are all there is', async () => {
  using folder = settingsFolder({ 'notes.txt': 'a: [', 'empty.yaml': '# nothing\n' });
  for (const place of [folder.path, join(folder.path, 'nowhere'), join(folder.path, 'empty.yaml')]) {
    const { settings } = await loadSettings(place);
    assert.deepEqual(settings, {
      rules: DEFAULT_RULES,
      notify: {},
      dashboards: [],
      catalogue: {},
      collect: {},
      exports: {},
      stacks: [],
    });
  }
});

test('with a mistake there are no settings, and what is sound is all that is right', async () => {
  using folder = settingsFolder({
    'a.yaml': `notifiers: [{ name: m, kind: mail, to: [ops@example.com] }]
rules:
  - { name: good, expression: up == 0 }
  - { name: bad, expression: up == }
  - { name: good, expression: up == 1 }
`,
  });
  const { settings, sound, problems } = await loadSettings(folder.path);
  assert.equal(settings, undefined);
  assert.equal(problems.length, 2);
  assert.deepEqual(
    sound.rules.slice(DEFAULT_RULES.length).map(({ name }) => name),
    ['good'],
  );
  assert.equal(sound.notify.notifiers!.length, 1);
});

test('reading settings loads neither the store nor SQLite', () => {
  const door = JSON.stringify(new URL('./index.ts', import.meta.url).href);
  const script = `await import(${door}); console.log(process.moduleLoadList.some((name) => /sqlite/.test(name)))`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  assert.equal(stdout, 'false\n', stderr);
});
