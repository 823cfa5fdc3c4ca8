import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testTelemetry } from '@goblin/core';
import { httpServer } from '../http/http-server.ts';
import type { Peer } from '../peer.ts';
import { peerAt } from '../testing/peer-at.ts';
import { testCredentials } from '../testing/test-credentials.ts';
import { probe, transportCases } from '../testing/transport-cases.ts';
import { linkServer } from './link-server.ts';
import { linkTransport } from './link-transport.ts';
import { listenAtPath } from './listen-at-path.ts';

const telemetry = testTelemetry();
const credentials = testCredentials();

for (const [name, tls] of [
  ['over a link by TCP', undefined],
  ['over a link by TLS', credentials],
] as const) {
  transportCases({
    name,
    telemetry,
    async open(procedures) {
      const services = [{ contract: probe, procedures }];
      const server = await httpServer({
        host: '127.0.0.1',
        port: 0,
        telemetry,
        services,
        links: linkServer({ services, telemetry }),
        tls: tls && { ...tls, requestCert: true },
        readiness: async () => ({}),
      });
      const transport = linkTransport({ telemetry, ...(tls && { tls }) });
      const peer = peerAt(server);
      return {
        calls: (call) => transport.call(peer, call),
        async [Symbol.asyncDispose]() {
          await transport.close();
          await server.drain(1_000);
        },
      };
    },
  });
}

transportCases({
  name: 'over a link by a Unix socket',
  telemetry,
  async open(procedures) {
    const folder = await mkdtemp(join(tmpdir(), 'goblin-link-'));
    const path = join(folder, 'link.sock');
    const links = linkServer({ services: [{ contract: probe, procedures }], telemetry });
    const server = await listenAtPath(path, links);
    const transport = linkTransport({ telemetry });
    const peer: Peer = { ...peerAt({ host: '127.0.0.1', port: 1 }), link: { tls: false, path } };
    return {
      calls: (call) => transport.call(peer, call),
      async [Symbol.asyncDispose]() {
        await transport.close();
        await links.drain(1_000);
        await new Promise((resolve) => server.close(resolve));
        await rm(folder, { recursive: true });
      },
    };
  },
});
