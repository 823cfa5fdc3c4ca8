import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { isGoblinError } from '@goblin/core';
import { type TestEdge, testEdge, until } from './testing/test-edge.ts';

let folder: string;
const files = { cert: '', key: '' };

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'goblin-tls-'));
  files.cert = join(folder, 'edge.pem');
  files.key = join(folder, 'edge.key');
  makePair('first', 1);
  makePair('second', 30);
});
after(() => rm(folder, { recursive: true, force: true }));

/** What is left of the one in use, in days. */
const daysLeft = ({ telemetry }: TestEdge): number | undefined => {
  const [metric] = telemetry.metrics.snapshot(['tls_certificate_expires_seconds']).metrics;
  const [series] = metric?.series ?? [];
  return series && Math.ceil(series.value! / 86_400);
};

function makePair(name: string, days: number): void {
  execFileSync(
    'openssl',
    [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        String(days),
      ],
      ...[
        '-subj',
        `/CN=${name}.example.com`,
        '-keyout',
        join(folder, `${name}.key`),
        '-out',
        join(folder, `${name}.pem`),
      ],
    ],
    { stdio: 'ignore' },
  );
}

async function put(cert: string, key: string): Promise<void> {
  await copyFile(join(folder, `${cert}.pem`), files.cert);
  await copyFile(join(folder, `${key}.key`), files.key);
}

function tlsEdge(): Promise<TestEdge> {
  return testEdge({
    routes: [{ path: '/*', to: 'shop' }],
    spec: { tls: files, hsts: '30d' },
    services: { shop: (request, response) => response.end(request.headers['x-forwarded-proto']) },
  });
}

function get(port: number): Promise<{ response: IncomingMessage; body: string; commonName: string }> {
  return new Promise((resolve, reject) => {
    httpsRequest({ port, rejectUnauthorized: false, agent: false }, async (response) => {
      const { subject } = (response.socket as TLSSocket).getPeerCertificate();
      let body = '';
      for await (const chunk of response) body += chunk;
      resolve({ response, body, commonName: String(subject.CN) });
    })
      .on('error', reject)
      .end();
  });
}

test('it serves TLS from files, tells services so, and browsers to come back by TLS', async () => {
  await put('first', 'first');
  await using edge = await tlsEdge();
  const { response, body, commonName } = await get(edge.port);
  assert.equal(commonName, 'first.example.com');
  assert.equal(body, 'https');
  assert.equal(response.headers['strict-transport-security'], 'max-age=2592000');
});

test('files that change are taken into use without a restart; a pair that does not fit is not', async () => {
  await put('first', 'first');
  await using edge = await tlsEdge();
  await copyFile(join(folder, 'second.pem'), files.cert);
  await until(
    () => edge.lines.some((line) => String(line.message).includes('cannot be used')),
    'the misfit is logged',
  );
  assert.equal((await get(edge.port)).commonName, 'first.example.com');
  await copyFile(join(folder, 'second.key'), files.key);
  await until(
    () => edge.lines.some((line) => String(line.message).includes('new certificate')),
    'the pair is in use',
  );
  assert.equal((await get(edge.port)).commonName, 'second.example.com');
});

test('how long the certificate in use is good can be measured: of one that does not fit it is not told', async () => {
  await put('first', 'first');
  {
    await using edge = await tlsEdge();
    assert.equal(daysLeft(edge), 1);
    await copyFile(join(folder, 'second.pem'), files.cert);
    await until(
      () => edge.lines.some((line) => String(line.message).includes('cannot be used')),
      'the misfit is logged',
    );
    assert.equal(daysLeft(edge), 1);
    await copyFile(join(folder, 'second.key'), files.key);
    await until(() => daysLeft(edge) === 30, 'the renewed one is told');
    await edge.edge.stop();
    assert.equal(daysLeft(edge), undefined);
  }
  await using plain = await testEdge({ routes: [] });
  assert.equal(daysLeft(plain), undefined);
});

test('TLS before 1.2 and plain HTTP are refused', async () => {
  await put('first', 'first');
  await using edge = await tlsEdge();
  const old = connect({
    port: edge.port,
    rejectUnauthorized: false,
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'ALL@SECLEVEL=0',
  });
  await new Promise((resolve) => old.on('error', resolve));
  assert.equal(
    await edge.raw('GET / HTTP/1.1\r\nHost: a\r\n\r\n').then((answer) => answer.includes('200 OK')),
    false,
  );
});

test('files that are missing or are no certificate stop the start, by name', async () => {
  await writeFile(files.cert, 'no certificate');
  await assert.rejects(
    tlsEdge(),
    (error) => isGoblinError(error, 'CONFIG_INVALID') && error.message.includes(files.cert),
  );
});
