/** A whole service on a Sleuth network, by the real beacon over loopback. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { contract, createConfig, isGoblinError, serve, testTelemetry } from '@goblin/core';
import { z } from 'zod';
import { clusterKey } from '../discovery/cluster-key.ts';
import { SECRET } from '../discovery/testing/recorder.ts';
import { type Host, startHost } from '../host.ts';
import { until } from '../testing/until.ts';
import { openSleuth } from './open-sleuth.ts';
import { interfaceOf, parseSleuthSetting } from './sleuth-setting.ts';

const tax = contract('tax.v1', {
  quote: {
    input: z.object({ country: z.string().length(2) }),
    output: z.object({ rate: z.number(), tenant: z.string() }),
    errors: ['UNKNOWN_COUNTRY'],
  },
});

/** A UDP port that nobody else has now. */
async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}

async function host(port: number): Promise<Host & { readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'goblin-sleuth-'));
  const { context, fail } = await import('@goblin/core');
  const definition = serve(
    tax,
    {
      async quote({ country }) {
        if (country === 'XX') return fail('UNKNOWN_COUNTRY', { country });
        return { rate: 0.2, tenant: context.tenant ?? 'nobody' };
      },
    },
    {
      routes: {
        'GET /rates/:country': (request, _call, { country }) =>
          Response.json({ country, from: request.headers.get('x-forwarded-for') }, { status: 202 }),
      },
    },
  );
  const running = await startHost(definition, {
    name: 'tax',
    version: '1.2.3',
    folder,
    dataFolder: folder,
    config: createConfig({ service: 'tax', argv: [], env: {}, cwd: folder }).read,
    telemetry: testTelemetry(),
    finders: [],
    clusterKey: clusterKey({ cluster: 'tests', secret: SECRET }),
    sleuth: { interface: 'loopback', port },
    lameDuckMs: 0,
  });
  return Object.assign(running, { folder });
}

test('a service switched on is found by Sleuth peers, and answers them as it answers HTTP', async () => {
  const port = await freePort();
  const service = await host(port);
  const client = await openSleuth({ interface: '127.0.0.1', port }, { telemetry: testTelemetry() });
  await client.waitFor(['tax']);
  assert.equal(client.peers[0]!.version, '1.2.3');
  const route = await client.fetch('sleuth://tax/rates/FR', { timeoutMs: 5_000 });
  assert.deepEqual([route.status, await route.json()], [202, { country: 'FR', from: '127.0.0.1' }]);

  const call = client.client(tax);
  assert.deepEqual(await call.quote({ country: 'FR' }), { rate: 0.2, tenant: 'nobody' });
  await assert.rejects(call.quote({ country: 'XX' }), (error) => isGoblinError(error, 'UNKNOWN_COUNTRY'));
  await assert.rejects(call.quote({ country: 'FRANCE' }), (error) => isGoblinError(error, 'INVALID_INPUT'));

  const forged = await client.fetch('sleuth://tax/tax.v1/quote', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'goblin-tenant': 'acme', goblin_tenant: 'acme' },
    body: '{"country":"FR"}',
    timeoutMs: 5_000,
  });
  assert.deepEqual(await forged.json(), { rate: 0.2, tenant: 'nobody' });
  for (const path of ['metrics', 'readyz', 'healthz', '.goblin/peers', 'x/../metrics', 'metrics?a=1'])
    assert.equal((await client.fetch(`sleuth://tax/${path}`, { timeoutMs: 5_000 })).status, 404, path);

  assert.deepEqual(
    service.mesh.directory.peers.map(({ instance }) => instance),
    [service.instance],
  );
  await service.stop();
  await until(() => client.peers.length === 0, 'it is gone');
  await client.stop();
  await rm(service.folder, { recursive: true });
});

test('the setting names an interface, a port, or off', () => {
  assert.equal(parseSleuthSetting('off'), undefined);
  assert.deepEqual(parseSleuthSetting('eth0'), { interface: 'eth0' });
  assert.deepEqual(parseSleuthSetting('10.0.0.7:5671'), { interface: '10.0.0.7', port: 5_671 });
  for (const text of ['', ':5670', 'eth0:0', 'eth0:99999', 'a b']) {
    assert.throws(
      () => parseSleuthSetting(text),
      (error) => isGoblinError(error, 'CONFIG_INVALID') && /GOBLIN_SLEUTH.*try eth0/.test(error.message),
      text,
    );
  }
  assert.equal(interfaceOf('lo').address, '127.0.0.1');
  assert.throws(() => interfaceOf('lan'), /is none of this machine/);
});
