import { type AddressInfo, createServer } from 'node:net';
import { testTelemetry } from '@goblin/core';
import { peerAt } from '../testing/peer-at.ts';
import { probe, transportCases } from '../testing/transport-cases.ts';
import { linkServer } from './link-server.ts';
import { linkTransport } from './link-transport.ts';

const telemetry = testTelemetry();

transportCases({
  name: 'over a link by TCP',
  telemetry,
  async open(procedures) {
    const links = linkServer({ services: [{ contract: probe, procedures }], telemetry });
    const server = createServer((socket) => links.accept(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const transport = linkTransport({ telemetry });
    const peer = peerAt({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
    return {
      calls: (call) => transport.call(peer, call),
      async [Symbol.asyncDispose]() {
        await transport.close();
        await links.drain(1_000);
        await new Promise((resolve) => server.close(resolve));
      },
    };
  },
});
