import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { contract, createConfig, type Metrics, serve, testTelemetry, virtualClock } from '@goblin/core';
import { observeCertificate } from './certificate-expiry.ts';
import { clusterKey } from './discovery/cluster-key.ts';
import { SECRET } from './discovery/testing/recorder.ts';
import { startHost } from './host.ts';
import { testCredentials } from './testing/test-credentials.ts';

const NAME = 'tls_certificate_expires_seconds';
const DAY_S = 86_400;
const PAGE = new URL('../../../docs/reference/metrics.md', import.meta.url);

const short = testCredentials(1);
const long = testCredentials(30);

function daysLeft(metrics: Metrics, use: string): number | undefined {
  const [metric] = metrics.snapshot([NAME]).metrics;
  const found = metric?.series.find(({ labels }) => labels[0] === use);
  return found && Math.ceil(found.value! / DAY_S);
}

test('the time until a certificate expires is told, follows renewals, and is negative once it has', async () => {
  const { metrics } = testTelemetry();
  const clock = virtualClock(Date.now());
  let shown = short.cert;
  using _ = observeCertificate(metrics, clock, 'link', () => shown);
  assert.equal(daysLeft(metrics, 'link'), 1);
  await clock.advance(3 * DAY_S * 1_000);
  assert.equal(daysLeft(metrics, 'link'), -2);
  shown = long.cert;
  assert.equal(daysLeft(metrics, 'link'), 27);
});

test('of a chain the first to expire counts, wherever it stands', () => {
  const { metrics } = testTelemetry();
  const clock = virtualClock(Date.now());
  for (const chain of [
    [short.cert, long.cert],
    [long.cert, short.cert],
  ]) {
    using _ = observeCertificate(metrics, clock, 'edge', () => Buffer.concat(chain));
    assert.equal(daysLeft(metrics, 'edge'), 1);
  }
});

test('a certificate that cannot be read has no value, and counts as a failed read', () => {
  const { metrics } = testTelemetry();
  for (const pem of [
    '',
    'no certificate',
    '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
  ]) {
    using _ = observeCertificate(metrics, virtualClock(), 'edge', () => pem);
    assert.equal(daysLeft(metrics, 'edge'), undefined);
  }
  assert.match(
    metrics.expose('prometheus'),
    new RegExp(`metrics_read_failures_total\\{metric="${NAME}"\\} [1-9]`),
  );
});

test('a host tells how long the certificate of its links is good, and one without credentials tells nothing', async () => {
  for (const [tls, days] of [
    [short, 1],
    [undefined, undefined],
  ] as const) {
    const telemetry = testTelemetry();
    const host = await startHost(serve(contract('tax.v1', {}), {}), {
      ...{ name: 'tax', version: '1', folder: '.', dataFolder: '.', telemetry, finders: [], lameDuckMs: 0 },
      config: createConfig({ service: 'tax', env: {} }).read,
      clusterKey: clusterKey({ cluster: 'tests', secret: SECRET }),
      ...(tls && { tls }),
    });
    assert.equal(daysLeft(telemetry.metrics, 'link'), days);
    await host.stop();
    assert.equal(daysLeft(telemetry.metrics, 'link'), undefined);
  }
});

test('docs/reference/metrics.md has its line, as it is', () => {
  const { metrics } = testTelemetry();
  using _ = observeCertificate(metrics, virtualClock(), 'link', () => short.cert);
  const { name, kind, unit, labels, help } = metrics.instruments().find(({ name }) => name === NAME)!;
  const line = `| \`${name}\` | ${kind} | ${unit} | \`${labels.join()}\` | ${help} |`;
  assert.ok(readFileSync(PAGE, 'utf8').includes(line), `${line} is not on the page`);
});
