import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientOf, procedureService, testTelemetry } from '@goblin/core';
import { httpServer } from './http/http-server.ts';
import { linkServer } from './link/link-server.ts';
import { metric } from './link/testing/serve-links.ts';
import { meshTransport } from './mesh-transport.ts';
import type { Peer } from './peer.ts';
import { peerAt } from './testing/peer-at.ts';
import { testCredentials } from './testing/test-credentials.ts';
import { probe, probeHandlers } from './testing/transport-cases.ts';

const credentials = testCredentials();

interface Served extends AsyncDisposable {
  readonly peer: Peer;
  /** Links that are open here. */
  links(): number;
}

async function serve(tls: boolean): Promise<Served> {
  const telemetry = testTelemetry();
  const handlers = probeHandlers({ running: 0, made: 0, ended: undefined });
  const services = [{ contract: probe, procedures: procedureService(probe, handlers, telemetry) }];
  const server = await httpServer({
    host: '127.0.0.1',
    port: 0,
    telemetry,
    services,
    links: linkServer({ services, telemetry }),
    tls: tls ? { ...credentials, requestCert: true } : undefined,
    readiness: async () => ({}),
  });
  return {
    peer: peerAt(server),
    links: () => metric(telemetry, 'link_open', 'server'),
    [Symbol.asyncDispose]: () => server.drain(500),
  };
}

test('a call goes by a link where the peer takes one as we make them, and by HTTP otherwise', async () => {
  for (const [served, ours, announced, links] of [
    [false, undefined, { tls: false }, 1],
    [false, undefined, undefined, 0],
    [true, credentials, { tls: true }, 1],
    [true, undefined, { tls: true }, 0],
    [false, credentials, { tls: false }, 0],
  ] as const) {
    await using house = await serve(served);
    const transport = meshTransport(ours && { tls: ours });
    const peer: Peer = { ...house.peer, ...(announced && { link: announced }) };
    const client = clientOf(probe, (call) => transport.call(peer, call));
    assert.deepEqual(await client.echo({ text: 'x' }), { text: 'x' });
    assert.equal((await Array.fromAsync(client.count({ to: 3, padding: 0 }))).length, 3);
    assert.equal(house.links(), links);
    await transport.close();
  }
});
