/** Each mistake with its place: ⟦ stands before the character that is told, and is taken out before the file is read. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { MAX_PROBLEMS } from './limits.ts';
import { loadSettings } from './load-settings.ts';
import { problemLine } from './problem.ts';
import { settingsFolder } from './testing/settings-folder.ts';

const MARK = '⟦';

interface Mistake {
  readonly is: string;
  readonly text: string;
  readonly path: string;
  readonly message: RegExp;
}

const MISTAKES: readonly Mistake[] = [
  // YAML
  { is: 'a tab', text: 'rules:\n⟦\t- name: x', path: '', message: /a tab stands here/ },
  { is: 'a key within a value', text: 'rules: ⟦a: b: c', path: '', message: /put the value in quotes/ },
  {
    is: 'a quote that is open',
    text: 'services: { tax: { owner: "money } }⟦',
    path: '',
    message: /not closed/,
  },
  { is: 'a second document', text: 'rules: []\n⟦---\nrules: []', path: '', message: /second document/ },
  {
    is: 'an alias before its anchor',
    text: 'rules: ⟦*base\ntemplates: &base []',
    path: '',
    message: /no &base stands above/,
  },
  {
    is: 'a mistyped alias',
    text: 'templates: &base {}\nrules: [⟦*bsae]',
    path: '',
    message: /did you mean \*base\?/,
  },
  {
    is: 'an alias within its anchor',
    text: 'templates: &a { b: ⟦*a }',
    path: '',
    message: /within &a itself/,
  },
  {
    is: 'a key twice',
    text: 'rules: []\n⟦rules: []',
    path: '',
    message: /rules is here twice: the first is in line 1/,
  },
  {
    is: 'a merge of no map',
    text: 'templates: &a [x]\nservices: { tax: { <<: ⟦*a } }',
    path: '',
    message: /<< takes an alias of keys/,
  },
  {
    is: 'two merges',
    text: 'services: { tax: { <<: {}, ⟦<<: {} } }',
    path: '',
    message: /write both as one/,
  },
  { is: 'a tag', text: 'rules: ⟦!include other.yaml', path: '', message: /tags such as !this/ },
  { is: 'a key that is none', text: 'services: { ⟦[a]: b }', path: '', message: /a key is a text/ },
  { is: 'a text at the top', text: '⟦rules', path: '', message: /write templates: … and so on, not "rules"/ },
  // What is collected and exported
  {
    is: 'a socket that is none',
    text: 'collect: { docker: ⟦tcp://localhost }',
    path: 'collect.docker',
    message: /write the path of a socket/,
  },
  {
    is: 'an InfluxDB without its database',
    text: "collect: { influx: [⟦{ version: 1, url: 'http://a', measurements: [cpu] }] }",
    path: 'collect.influx[0]',
    message: /version 1 has a database/,
  },
  {
    is: 'an exporter twice',
    text: "exporters: [{ name: a, kind: otlp, url: 'http://a' }, { name: ⟦a, kind: otlp, url: 'http://b' }]",
    path: 'exporters[1].name',
    message: /two exporters are named a/,
  },
  {
    is: 'a selector that is none',
    text: "exporters: [{ name: a, kind: otlp, url: 'http://a', match: [⟦'up{'] }]",
    path: 'exporters[0].match[0]',
    message: /./,
  },
  // Form
  { is: 'an unknown key', text: '⟦rulez: []', path: '', message: /did you mean rules\?/ },
  {
    is: 'a key as others write it',
    text: 'rules: [{ name: x, expression: up == 0, ⟦for_each: [a] }]',
    path: 'rules[0]',
    message: /did you mean forEach\?/,
  },
  {
    is: 'a wrong word',
    text: 'rules: [{ name: x, expression: up == 0, severity: ⟦pgae }]',
    path: 'rules[0].severity',
    message: /page, ticket or info, not "pgae"; did you mean page\?/,
  },
  {
    is: 'a duration without a unit',
    text: 'rules: [{ name: x, expression: up == 0, for: ⟦5 }]',
    path: 'rules[0].for',
    message: /a duration such as 5m, not 5/,
  },
  {
    is: 'a duration beyond the engine',
    text: 'rules: [{ name: x, expression: up == 0, for: ⟦8d }]',
    path: 'rules[0].for',
    message: /at most 7d/,
  },
  {
    is: 'a number as a text',
    text: 'rules: [{ name: x, expression: up, above: ⟦"5" }]',
    path: 'rules[0].above',
    message: /write a number, not "5"/,
  },
  {
    is: 'a text as a number',
    text: 'services: { tax: { owner: ⟦7 } }',
    path: 'services.tax.owner',
    message: /put it in quotes to make it a text: "7"/,
  },
  {
    is: 'a key without a value',
    text: 'services: { tax: { ⟦owner: } }',
    path: 'services.tax.owner',
    message: /not nothing/,
  },
  {
    is: 'a map for a list',
    text: 'rules: ⟦{ name: x }',
    path: 'rules',
    message: /write a list, each item behind a dash/,
  },
  {
    is: 'a missing key',
    text: 'rules: [⟦{ expression: up == 0 }]',
    path: 'rules[0]',
    message: /name is missing/,
  },
  {
    is: 'no condition',
    text: 'rules: [⟦{ name: x }]',
    path: 'rules[0]',
    message: /write one of expression, use, count or firstSeen/,
  },
  {
    is: 'two conditions',
    text: 'rules: [{ name: x, expression: up == 0, ⟦firstSeen: {} }]',
    path: 'rules[0]',
    message: /firstSeen stands beside expression/,
  },
  {
    is: 'a mistake behind an anchor, told once',
    text: 'templates:\n  base: &base { severity: ⟦loud }\nrules:\n  - { <<: *base, name: a, expression: up == 0 }\n  - { <<: *base, name: b, expression: up == 0 }',
    path: 'rules[0].severity',
    message: /not "loud"/,
  },
  // PromQL and placeholders
  {
    is: 'PromQL in quotes',
    text: `rules: [{ name: x, expression: "sum(rate(up[5m]⟦}) > \\"5\\"" }]`,
    path: 'rules[0].expression',
    message: /cannot be read here/,
  },
  {
    is: 'PromQL in single quotes',
    text: `rules: [{ name: x, expression: 'up{a="it''s"} > ⟦> 5' }]`,
    path: 'rules[0].expression',
    message: /cannot be read here/,
  },
  {
    is: 'PromQL that ends too soon',
    text: 'rules: [{ name: x, expression: up ==⟦ }]',
    path: 'rules[0].expression',
    message: /the query ends/,
  },
  {
    is: 'PromQL in a block',
    text: 'rules:\n  - name: x\n    expression: |\n      sum(\n        rate(up[5m]⟦]\n      ) > 5',
    path: 'rules[0].expression',
    message: /cannot be read here/,
  },
  {
    is: 'PromQL in a folded block',
    text: 'rules:\n  - name: x\n    expression: >-\n      sum(rate(up[5m]))\n        > bool\n      ⟦)',
    path: 'rules[0].expression',
    message: /cannot be read here/,
  },
  {
    is: 'PromQL over several lines',
    text: 'rules:\n  - name: x\n    expression: sum(rate(up[5m]))\n      > ⟦)',
    path: 'rules[0].expression',
    message: /cannot be read here/,
  },
  {
    is: 'a rule that is always true',
    text: 'rules: [{ name: x, expression: ⟦sum(up) }]',
    path: 'rules[0].expression',
    message: /true of every series/,
  },
  {
    is: 'an expression that gives no series',
    text: 'rules: [{ name: x, expression: ⟦1 > bool 0 }]',
    path: 'rules[0].expression',
    message: /series are needed/,
  },
  {
    is: 'above and below',
    text: 'rules: [{ name: x, expression: up, above: 1, below: ⟦2 }]',
    path: 'rules[0].below',
    message: /write two rules/,
  },
  {
    is: 'above without an expression',
    text: 'rules: [{ name: x, firstSeen: {}, above: ⟦1 }]',
    path: 'rules[0].above',
    message: /goes with expression or use, not with firstSeen/,
  },
  {
    is: 'a label that the expression drops',
    text: `rules: [{ name: x, expression: sum by (service) (up) > 1, summary: 'of ⟦{{ servce }}' }]`,
    path: 'rules[0].summary',
    message: /no label but service; did you mean \{\{ service \}\}/,
  },
  {
    is: 'a placeholder that is open',
    text: `rules: [{ name: x, expression: up == 0, summary: 'of ⟦{{ service' }]`,
    path: 'rules[0].summary',
    message: /not closed by \}\}/,
  },
  {
    is: 'a placeholder in a name',
    text: `rules: [{ name: 'x ⟦{{ service }}', expression: up == 0 }]`,
    path: 'rules[0].name',
    message: /nothing fills \{\{ service \}\}/,
  },
  {
    is: 'a selector',
    text: `rules: [{ name: x, firstSeen: { where: '{service=⟦tax}' } }]`,
    path: 'rules[0].firstSeen.where',
    message: /a text in quotes is expected/,
  },
  {
    is: 'a metric in a selector',
    text: `rules: [{ name: x, firstSeen: { where: ⟦'up{service="tax"}' } }]`,
    path: 'rules[0].firstSeen.where',
    message: /labels only/,
  },
  {
    is: 'an objective of all',
    text: 'slos: [{ name: x, objective: ⟦100%, errorShare: "rate(x[$window])" }]',
    path: 'slos[0].objective',
    message: /99\.9% or 0\.999/,
  },
  {
    is: 'an error share without a window',
    text: 'slos: [{ name: x, objective: 99%, errorShare: ⟦"rate(x[5m])" }]',
    path: 'slos[0].errorShare',
    message: /\$window/,
  },
  // Names
  {
    is: 'a metric template that is not there',
    text: 'metrics: { errors: { expression: up } }\nrules: [{ name: x, use: ⟦erors, above: 1 }]',
    path: 'rules[0].use',
    message: /did you mean errors\?/,
  },
  {
    is: 'a gap that nothing fills',
    text: `metrics: { e: { expression: 'up{a="{{ service }}"}' } }\nrules: [{ name: x, use: ⟦e, above: 1 }]`,
    path: 'rules[0].use',
    message: /nothing stands for \{\{ service \}\}.*forEach/,
  },
  {
    is: 'a value that nothing asks for',
    text: `metrics: { e: { expression: 'up{a="{{ service }}"}' } }\nrules: [{ name: x, use: e, above: 1, with: { service: a, ⟦sevice: b } }]`,
    path: 'rules[0].with',
    message: /did you mean service\?/,
  },
  {
    is: 'a value with a quote',
    text: `rules: [{ name: x, expression: 'up{a="{{ b }}"} > 0', with: { b: ⟦'"' } }]`,
    path: 'rules[0].with.b',
    message: /without quotes/,
  },
  {
    is: 'a template that is wrong once filled',
    text: `metrics: { e: { expression: 'rate(up[⟦{{ window }}])' } }\nrules: [{ name: x, use: e, above: 1, with: { window: 5 } }]`,
    path: 'metrics.e.expression',
    message: /duration.*\(with window: 5, as in .*a\.yaml:2\)/,
  },
  {
    is: 'a rule twice',
    text: 'rules: [{ name: x, expression: up == 0 }, { name: ⟦x, expression: up == 1 }]',
    path: 'rules[1].name',
    message: /"x" is taken by .*a\.yaml:1/,
  },
  {
    is: 'the name of a default rule',
    text: 'rules: [{ name: ⟦disk, expression: up == 0 }]',
    path: 'rules[0].name',
    message: /a default rule: change that one by override/,
  },
  {
    is: 'a default rule that is not there',
    text: 'disable: [⟦dsik]',
    path: 'disable[0]',
    message: /did you mean "disk"\?/,
  },
  {
    is: 'a change of a default rule that is not there',
    text: 'override: { dsk: ⟦{ for: 1m } }',
    path: 'override.dsk',
    message: /did you mean "disk"\?/,
  },
  {
    is: 'a change of a rule that is off',
    text: 'disable: [disk]\noverride: { disk: ⟦{ for: 1m } }',
    path: 'override.disk',
    message: /disk is disabled/,
  },
  {
    is: 'a threshold where none is',
    text: 'override: { service-down: { threshold: ⟦2 } }',
    path: 'override.service-down.threshold',
    message: /does not end with a comparison/,
  },
  {
    is: 'an expression where none is',
    text: 'override: { new-error: { expression: ⟦up } }',
    path: 'override.new-error.expression',
    message: /has no expression/,
  },
  {
    is: 'an unknown notifier',
    text: 'notifiers: [{ name: slack, kind: slack, urlFile: f }]\nroutes: [{ severity: page, to: [slack, ⟦slak] }]',
    path: 'routes[0].to[1]',
    message: /did you mean slack\?/,
  },
  {
    is: 'a notifier twice',
    text: 'notifiers: [{ name: m, kind: mail }, { name: ⟦m, kind: mail }]',
    path: 'notifiers[1].name',
    message: /two notifiers are named m/,
  },
  {
    is: 'a notifier without its file',
    text: 'notifiers: [⟦{ name: p, kind: pagerduty }]',
    path: 'notifiers[0]',
    message: /missing/,
  },
  {
    is: 'an unknown placeholder of a message',
    text: 'messages: { default: { title: ⟦"{{ sevrity }}" } }',
    path: 'messages.default.title',
    message: /severity/,
  },
  {
    is: 'a zone that is none',
    text: 'rota: { zone: ⟦Europe/Bonn, rotation: weekly, start: "2026-11-23", at: "09:00", people: [{ name: a }] }',
    path: 'rota.zone',
    message: /time zone/,
  },
  {
    is: 'a heartbeat too often',
    text: 'heartbeat: { url: https://example.com, every: ⟦1s }',
    path: 'heartbeat.every',
    message: /at least 10s/,
  },
  {
    is: 'a dashboard twice',
    text: 'dashboards:\n  - { name: a, rows: [{ panels: [{ title: t, expression: up }] }] }\n  - { name: ⟦a, rows: [{ panels: [{ title: t, expression: up }] }] }',
    path: 'dashboards[1].name',
    message: /taken by/,
  },
  {
    is: 'PromQL in a panel',
    text: 'dashboards: [{ name: a, rows: [{ panels: [{ title: t, expression: "sum(up⟦" }] }] }]',
    path: 'dashboards[0].rows[0].panels[0].expression',
    message: /the query ends/,
  },
  {
    is: 'an address that is none',
    text: 'services: { tax: { docs: ⟦wiki } }',
    path: 'services.tax.docs',
    message: /an address such as/,
  },
  {
    is: 'a stack that is not there',
    text: 'stacks: [⟦nowhere.yaml]',
    path: 'stacks[0]',
    message: /nowhere\.yaml: it does not exist/,
  },
];

for (const { is, text, path, message } of MISTAKES) {
  test(`told with its place: ${is}`, async () => {
    const before = text.slice(0, text.indexOf(MARK)).split('\n');
    assert.ok(text.includes(MARK));
    using folder = settingsFolder({ 'a.yaml': text.replace(MARK, '') });
    const { settings, problems } = await loadSettings(folder.path);
    assert.equal(settings, undefined);
    assert.equal(problems.length, 1, problems.map(problemLine).join('\n'));
    const [problem] = problems;
    assert.match(problem!.message, message);
    const { line, column } = problem!;
    assert.deepEqual(
      { line, column, path: problem!.path, file: problem!.file },
      { line: before.length, column: before.at(-1)!.length + 1, path, file: join(folder.path, 'a.yaml') },
    );
  });
}

test('a name in two files is told with both places', async () => {
  const files = {
    'a.yaml':
      'metrics: { e: { expression: up } }\nservices: { tax: {} }\nrota: { zone: UTC, rotation: daily, start: "2026-11-23", at: "09:00", people: [{ name: a }] }',
    'b.yaml':
      '# one\nmetrics: { e: { expression: up } }\nservices: { tax: {} }\nmessages: { m: { title: a } }',
    'c.yaml':
      'messages: { m: { title: b } }\nrota: { zone: UTC, rotation: daily, start: "2026-11-23", at: "09:00", people: [{ name: a }] }',
  };
  using folder = settingsFolder(files);
  const { problems } = await loadSettings(folder.path);
  const told = problems.map(({ file, line, message }) =>
    `${file}:${line} ${message}`.replaceAll(`${folder.path}/`, ''),
  );
  assert.deepEqual(told, [
    'b.yaml:2 the metric template e is written already: a.yaml:1',
    'b.yaml:3 the service tax is written already: a.yaml:2',
    'c.yaml:1 the message m is written already: b.yaml:4',
    'c.yaml:2 rota is written already: a.yaml:3',
  ]);
});

test('all mistakes of all files are told at once, by file and place', async () => {
  using folder = settingsFolder({
    'b.yaml': 'rules: [{ name: x, expression: up ==, for: soon, severity: high }]',
    'a.yaml': 'services: { tax: { ownr: me, docs: 5 } }',
  });
  const { problems } = await loadSettings(folder.path);
  assert.deepEqual(
    problems.map(({ path }) => path),
    ['services.tax', 'services.tax.docs', 'rules[0].expression', 'rules[0].for', 'rules[0].severity'],
  );
});

test('aliases that multiply, depth, size, and what is no text are refused and bounded', async () => {
  const bomb = Array.from(
    { length: 12 },
    (_, i) => `  a${i}: &a${i} [${i === 0 ? 'x' : `*a${i - 1},`.repeat(9)}]`,
  );
  const merges = [
    '  m0: &m0 { a: 1, b: 2 }',
    ...Array.from({ length: 2_000 }, (_, i) => `  m${i + 1}: &m${i + 1} { <<: *m${i}, k${i}: 1 }`),
  ];
  const chain = [
    '  c0: &c0 [x]',
    ...Array.from({ length: 400 }, (_, i) => `  c${i + 1}: &c${i + 1} [*c${i}]`),
  ];
  const cases: readonly (readonly [text: string | Uint8Array, message: RegExp])[] = [
    [`templates:\n${bomb.join('\n')}`, /more than 100000 values/],
    [`templates:\n${merges.join('\n')}`, /more than 100000 values/],
    [`templates:\n${chain.join('\n')}`, /deeper than 50/],
    [`templates: ${'['.repeat(60)}${']'.repeat(60)}`, /deeper than 50/],
    ['['.repeat(100_000), /deeper than 50/],
    [`# ${'x'.repeat(1_048_576)}`, /1048576 at most/],
    [Uint8Array.of(0x61, 0xff, 0xfe), /not UTF-8/],
  ];
  for (const [text, message] of cases) {
    using folder = settingsFolder();
    folder.write('a.yaml', text);
    const { problems } = await loadSettings(folder.path);
    assert.match(problems.map(problemLine).join('\n'), message);
    assert.ok(problems.length <= MAX_PROBLEMS + 1);
  }
});

test('a hundred files are read, and of many mistakes as many told', async () => {
  using folder = settingsFolder();
  for (let i = 0; i < 101; i++) folder.write(`${String(i).padStart(3, '0')}.yaml`, 'x1: 1\nx2: 1\n');
  const { problems } = await loadSettings(folder.path);
  assert.equal(problems.length, MAX_PROBLEMS + 1);
  assert.match(problems[0]!.message, /101 files, and 100 at most/);
  assert.match(problems.at(-1)!.message, /and 101 more/);
});
