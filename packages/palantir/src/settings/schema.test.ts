/** The checks and the JSON schema are made from one description. Here an independent judge of JSON schemas reads the same files. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { readFileOf } from './load-settings.ts';
import { createReport } from './problem.ts';
import { guideFiles } from './testing/guide.ts';
import { settingsSchema } from './written/file.ts';

const isGood = new Ajv({ allErrors: true, strict: true, strictRequired: false }).compile(settingsSchema);

/** Whether the schema and we take it. */
function verdicts(text: string): [schema: boolean, ours: boolean] {
  const report = createReport();
  readFileOf('a.yaml', text, report);
  return [isGood(parse(text, { merge: true })), report.count === 0];
}

/** Every key at least once. */
const EVERYTHING = `
templates: [{ a: 1 }, text, 5]
metrics: { e: { expression: 'up{a="{{ service }}"}', description: up } }
rules:
  - { name: a, severity: page, use: e, forEach: [tax], with: { b: 5, c: d }, above: -1.5, noData: ok, for: 5m, keepFor: 1.5h, labels: { a: b }, summary: s, description: d, runbook: 'https://a.example' }
  - { name: b, expression: up == 0, below: 1, severity: info }
  - { name: c, count: { where: '{a="b"}', words: [w], level: warn, by: [service], atLeast: 1, within: 10s } }
  - { name: d, firstSeen: { where: '{a="b"}' } }
disable: [heap]
override: { disk: { severity: page, for: 0s, keepFor: 1ms, labels: {}, summary: s, description: d, runbook: 'https://a.example', expression: up, noData: alert, threshold: 5 } }
slos:
  - { name: s, objective: 99.9%, errorShare: 'rate(a[$window])', with: {}, forEach: [tax], severity: ticket, for: 1m, keepFor: 1m, labels: {}, summary: s, description: d, runbook: 'http://a.example' }
  - { name: t, objective: 0.5, errorShare: 'rate(a[$window])' }
notifiers:
  - { name: a, kind: slack, channel: '#a', tokenFile: f, api: 'https://a.example', template: m }
  - { name: b, kind: slack, urlFile: f }
  - { name: c, kind: mail, to: [a@example.com] }
  - { name: d, kind: webhook, url: 'https://a.example', secretFile: f }
  - { name: e, kind: pagerduty, keyFile: f, url: 'https://a.example' }
routes: [{ severity: page, services: [tax], to: [a, b] }]
messages: { m: { title: t, text: t } }
rota:
  zone: UTC
  rotation: daily
  start: '2026-11-23'
  at: '09:00'
  escalateAfter: 5m
  people: [{ name: a, slack: U1234, email: a@example.com, to: [a] }]
  overrides: [{ person: a, from: '2026-12-24T08:00:00Z', until: '2026-12-25T08:00:00Z' }]
heartbeat: { url: 'https://a.example', urlFile: f, every: 1m }
dashboards:
  - name: a
    title: A
    description: d
    rows:
      - title: r
        panels:
          - { title: p, kind: area, unit: bytes, expression: up, with: {}, legend: '{{ a }}', description: d }
          - { title: q, use: e, with: { service: tax } }
          - { title: r, queries: [{ expression: up, legend: l }, { use: e, with: { service: tax } }] }
services: { tax: { owner: o, description: d, docs: 'https://a.example', repository: 'https://a.example', runbook: 'https://a.example' } }
stacks: [a.yaml, { file: b.yaml, name: b }]
collect:
  docker: /var/run/docker.sock
  statsd: { host: 127.0.0.1, port: 8125 }
  scrape: [{ url: 'http://a.example/metrics', labels: { a: b } }]
  influx:
    - { version: 1, url: 'http://a.example', database: d, measurements: [cpu], user: u, passwordFile: f, labels: { a: b } }
    - { version: 2, url: 'http://a.example', organization: o, bucket: b, measurements: [cpu], tokenFile: f }
exporters:
  - { name: a, kind: remoteWrite, url: 'http://a.example', user: u, passwordFile: f, headers: { x-a: b }, match: ['{a="b"}'], delay: 15s, reach: 6h }
  - { name: b, kind: otlp, url: 'http://a.example', tokenFile: f, signals: [metrics] }
  - { name: c, kind: influx, url: 'http://a.example', database: d, retentionPolicy: r }
  - { name: d, kind: influx, url: 'http://a.example', organization: o, bucket: b }
`;

test('what the guide shows, and a file with every key, is good by the schema and by our checks', () => {
  const files = Object.entries(guideFiles()).filter(([path]) => path.startsWith('palantir/'));
  assert.equal(files.length, 3);
  for (const [, text] of [...files, ['', EVERYTHING] as const])
    assert.deepEqual(verdicts(text), [true, true], JSON.stringify(isGood.errors));
});

/** Of a good file, each of which makes a bad one. */
const CHANGES: readonly (readonly [from: string, to: string])[] = [
  ['metrics:', 'metric:'],
  ['severity: page', 'severity: loud'],
  ['above: -1.5', 'above: much'],
  ['above: -1.5', 'abov: 1'],
  ['for: 5m', 'for: 5'],
  ['for: 5m', 'for: five minutes'],
  ['keepFor: 1.5h', 'keepFor: -1h'],
  ['labels: { a: b }', 'labels: { 1a: b }'],
  ['labels: { a: b }', 'labels: [a]'],
  ['labels: { a: b }', 'labels: { a: 1 }'],
  ['with: { b: 5, c: d }', `with: { b: '"' }`],
  ['with: { b: 5, c: d }', 'with: { b: true }'],
  ['name: b, ', ''],
  ['expression: up == 0', 'firstSeen: {}, expression: up == 0'],
  ['expression: up == 0', 'for: 5m'],
  ['level: warn', 'level: warning'],
  ['atLeast: 1', 'atLeast: 0'],
  ['atLeast: 1', 'atLeast: 1.5'],
  ['words: [w]', 'words: []'],
  ['words: [w]', 'words: w'],
  ['disable: [heap]', 'disable: heap'],
  ['objective: 99.9%', 'objective: 100%'],
  ['objective: 0.5', 'objective: 99'],
  ['kind: mail', 'kind: email'],
  ['to: [a, b]', 'to: []'],
  ['rotation: daily', 'rotation: hourly'],
  ['zone: UTC', 'zone: ""'],
  ["at: '09:00'", 'at: 9'],
  ['every: 1m', 'every: 1 minute'],
  ['unit: bytes', 'unit: octets'],
  ['panels:\n', 'panles:\n'],
  ['queries: [{ expression: up, legend: l }', 'queries: [{ legend: l }'],
  ["docs: 'https://a.example'", 'docs: wiki'],
  ['file: b.yaml', 'path: b.yaml'],
];

for (const [from, to] of CHANGES) {
  test(`wrong by the schema and by our checks: ${from.trim()} as ${to.trim() || 'nothing'}`, () => {
    assert.ok(EVERYTHING.includes(from));
    assert.deepEqual(verdicts(EVERYTHING.replace(from, to)), [false, false]);
  });
}

test('every key has its words, for editors to show', () => {
  const bare: string[] = [];
  const look = (schema: unknown, path: string): void => {
    const { properties = {}, items, additionalProperties, anyOf = [] } = schema as Record<string, never>;
    for (const [key, inner] of Object.entries(properties) as [string, Record<string, unknown>][]) {
      if (typeof inner.description !== 'string') bare.push(`${path}.${key}`);
      look(inner, `${path}.${key}`);
    }
    for (const inner of [items, additionalProperties, ...(anyOf as unknown[])])
      if (typeof inner === 'object') look(inner, `${path}.*`);
  };
  look(settingsSchema, '');
  assert.deepEqual(bare, []);
});
