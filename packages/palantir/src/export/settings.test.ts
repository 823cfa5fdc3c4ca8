import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkExportSettings } from './settings.ts';

function problems(value: unknown): string[] {
  return checkExportSettings(value).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

test('good settings have no problems', () => {
  const exporters = [
    {
      name: 'victoria',
      kind: 'remoteWrite',
      url: 'http://victoria:8428/api/v1/write',
      match: ['{service="tax"}', 'up'],
    },
    {
      name: 'cloud',
      kind: 'otlp',
      url: 'https://x.example',
      signals: ['traces'],
      tokenFile: '/run/secrets/t',
      headers: { 'x-scope-orgid': '1' },
    },
    {
      name: 'influx',
      kind: 'influx',
      url: 'http://influx:8086',
      user: 'a',
      passwordFile: '/p',
      database: 'd',
      delay: '30s',
      reach: '1d',
    },
    {
      name: 'influx-2',
      kind: 'influx',
      url: 'http://influx:8086',
      organization: 'o',
      bucket: 'b',
      tokenFile: '/t',
    },
  ];
  assert.deepEqual(problems({ exporters }), []);
  assert.deepEqual(problems({}), []);
});

test('all that is wrong is told at once, each with its place and with what would be right', () => {
  const exporters = [
    { name: 'A', kind: 'remote', url: 'ftp://x' },
    { name: 'a', kind: 'otlp', signals: ['spans'], delay: '0s', reach: 'long' },
    {
      name: 'a',
      kind: 'influx',
      url: 'http://u:p@x',
      bucket: 'b',
      database: 'd',
      user: 'u',
      headers: { Authorization: 'x' },
    },
    { name: 'b', kind: 'remoteWrite', url: 'http://x', match: ['{'], delay: '2h', tokenfile: '/x' },
    7,
  ];
  const told = problems({ exporters });
  for (const [at, what] of [
    ['exporters.0.kind', 'not known'],
    ['exporters.0.url', 'https://'],
    ['exporters.0.name', 'lower-case'],
    ['exporters.1.url', 'missing'],
    ['exporters.1.signals.0', 'metrics, logs, traces'],
    ['exporters.1.delay', 'at least 1s'],
    ['exporters.1.reach', 'duration'],
    ['exporters.2.name', 'two exporters'],
    ['exporters.2.url', 'passwordFile'],
    ['exporters.2', 'organization and bucket'],
    ['exporters.2.database', 'not both'],
    ['exporters.2', 'user and passwordFile'],
    ['exporters.2.headers.Authorization', 'tokenFile'],
    ['exporters.3.match.0', 'selector'],
    ['exporters.3.delay', 'at most 1h'],
    ['exporters.3.tokenfile', 'tokenFile'],
    ['exporters.4', 'names with their values'],
  ] as const)
    assert.ok(
      told.some((line) => line.startsWith(`${at}: `) && line.includes(what)),
      `${at} ${what}:\n${told.join('\n')}`,
    );
});
