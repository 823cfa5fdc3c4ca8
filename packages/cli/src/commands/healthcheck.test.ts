import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { contract, createConfig, type Health, isGoblinError, serve, testTelemetry } from '@goblin/core';
import { clusterKey, startHost } from '@goblin/mesh';
import { type CommandContext, UsageError } from '../command.ts';
import { run } from './healthcheck.ts';

interface Given {
  readonly env?: Readonly<Record<string, string>>;
  readonly port?: number | string;
  readonly deadline?: string;
  readonly flags?: readonly string[];
}

/** What it prints, and its exit code. */
async function healthcheck({ env = {}, port, deadline, flags = [] }: Given): Promise<[number, string]> {
  const printed: string[] = [];
  const texts: Readonly<Record<string, string | undefined>> = { port: port?.toString(), deadline };
  const code = await run({
    io: { env },
    flag: (name: string) => flags.includes(name) || undefined,
    text: (name: string) => texts[name],
    print: (line: string) => void printed.push(line),
    printJson: (value: unknown) => void printed.push(JSON.stringify(value)),
  } as unknown as CommandContext);
  return [code, printed.join('\n')];
}

const servers = new Set<Server>();
after(() => {
  for (const server of servers) server.close().closeAllConnections();
});

async function listening(answer: RequestListener, server: Server = createServer()): Promise<number> {
  server.on('request', answer).listen(0, '127.0.0.1');
  servers.add(server);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test('a service whose database is gone is alive, and not ready, with the reason in one line', async () => {
  let database: Health = { ok: true };
  const definition = serve(contract('tax.v1', {}), {}, (app) => {
    app.health('database', () => database);
    return {};
  });
  await using host = await startHost(definition, {
    ...{ name: 'tax', version: '1', folder: '.', dataFolder: '.', telemetry: testTelemetry(), finders: [] },
    config: createConfig({ service: 'tax', env: {} }).read,
    clusterKey: clusterKey({ cluster: 'tests', secret: 'a secret for tests, not for clusters' }),
    lameDuckMs: 0,
  });
  const { port } = host.address;
  assert.deepEqual(await healthcheck({ port }), [0, 'alive']);
  assert.deepEqual(await healthcheck({ port, flags: ['ready'] }), [0, 'ready']);
  database = { ok: false, detail: 'connection refused\n  at 10.0.0.7' };
  assert.deepEqual(await healthcheck({ port }), [0, 'alive']);
  const reason = 'database: connection refused at 10.0.0.7';
  assert.deepEqual(await healthcheck({ port, flags: ['ready'] }), [1, reason]);
  const [code, text] = await healthcheck({ port, flags: ['ready', 'json'] });
  const verdict = JSON.parse(text) as { checks: Record<string, Health> };
  assert.deepEqual([code, verdict.checks.database], [1, database]);
});

test('the port is that of GOBLIN_PORT, on loopback where the service listens everywhere, or the one that is named', async () => {
  const port = await listening((_, response) => response.end('{"ok":true}'));
  const GOBLIN_PORT = String(port);
  for (const env of [
    { GOBLIN_PORT },
    { GOBLIN_PORT, GOBLIN_HOST: '0.0.0.0' },
    { GOBLIN_PORT, GOBLIN_HOST: '::' },
  ])
    assert.deepEqual(await healthcheck({ env }), [0, 'alive']);
  assert.deepEqual(await healthcheck({ env: { GOBLIN_PORT: '1' }, port }), [0, 'alive']);
  const [code, text] = await healthcheck({ env: { GOBLIN_PORT, GOBLIN_HOST: '127.0.0.9' } });
  assert.equal(code, 1);
  assert.match(text, /^http:\/\/127\.0\.0\.9:\d+\/healthz: ./);
});

test('without a port that can be known it says what to set', async () => {
  for (const env of [{}, { GOBLIN_PORT: '0' }] as Record<string, string>[])
    await assert.rejects(healthcheck({ env }), (error) => isGoblinError(error, 'CONFIG_INVALID'));
  for (const port of ['http', '65536', '-1', ''])
    await assert.rejects(healthcheck({ port }), (error) => error instanceof UsageError);
  await assert.rejects(healthcheck({ port: 1, deadline: 'soon' }), (error) =>
    isGoblinError(error, 'INVALID_INPUT'),
  );
  await assert.rejects(healthcheck({ port: 1, deadline: '2h' }), UsageError);
});

test('a process that hangs, before its answer or within it, is unhealthy when the deadline is over', async () => {
  const silent = await listening(() => {});
  const halfway = await listening((_, response) => response.writeHead(200).write('{'));
  for (const port of [silent, halfway]) {
    const [code, text] = await healthcheck({ port, deadline: '50ms' });
    assert.deepEqual([code, text], [1, `http://127.0.0.1:${port}/healthz: there is no answer within 50 ms`]);
  }
});

test('an edge that listens by TLS is asked by TLS, whatever name its certificate has', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'goblin-healthcheck-'));
  const [keyFile, certFile] = [join(folder, 'edge.key'), join(folder, 'edge.pem')];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
  const files = ['-subj', '/CN=shop.example.com', '-keyout', keyFile, '-out', certFile];
  execFileSync('openssl', ['req', ...kind, ...files], { stdio: 'ignore' });
  const credentials = { key: readFileSync(keyFile), cert: readFileSync(certFile) };
  rmSync(folder, { recursive: true });
  const port = await listening((_, response) => response.end(), createTlsServer(credentials));
  assert.deepEqual(await healthcheck({ port, flags: ['tls'] }), [0, 'alive']);
  assert.equal((await healthcheck({ port }))[0], 1);
});

test('what is no service, or answers without end, is unhealthy', async () => {
  const other = await listening((_, response) => response.writeHead(404).end('null'));
  assert.deepEqual(await healthcheck({ port: other }), [1, `http://127.0.0.1:${other}/healthz answers 404`]);
  const endless = await listening((_, response) => {
    const write = (): void => void (response.destroyed || response.write('x'.repeat(10_000), write));
    write();
  });
  const [code, text] = await healthcheck({ port: endless });
  assert.deepEqual([code, text], [1, `http://127.0.0.1:${endless}/healthz: the answer is too long`]);
  const noise = createTcpServer((socket) => socket.end('SSH-2.0\r\n').on('error', () => {})).listen(
    0,
    '127.0.0.1',
  );
  await once(noise, 'listening');
  const { port } = noise.address() as AddressInfo;
  assert.equal((await healthcheck({ port }))[0], 1);
  assert.equal((await healthcheck({ port, flags: ['tls'] }))[0], 1);
  noise.close();
});
