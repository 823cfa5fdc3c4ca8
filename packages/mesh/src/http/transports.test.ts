import { testTelemetry } from '@goblin/core';
import { peerAt } from '../testing/peer-at.ts';
import { probe, transportCases } from '../testing/transport-cases.ts';
import { httpServer } from './http-server.ts';
import { httpTransport } from './http-transport.ts';

const telemetry = testTelemetry();

transportCases({
  name: 'in process',
  telemetry,
  open: async (procedures) => ({ calls: procedures, [Symbol.asyncDispose]: async () => {} }),
});

transportCases({
  name: 'over HTTP',
  telemetry,
  async open(procedures) {
    const server = await httpServer({
      host: '127.0.0.1',
      port: 0,
      telemetry,
      services: [{ contract: probe, procedures }],
      readiness: async () => ({}),
    });
    const transport = httpTransport({ telemetry });
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
