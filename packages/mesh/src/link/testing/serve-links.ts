/** The probe service behind a port that takes links only. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { procedureService, type TestTelemetry, testTelemetry } from '@goblin/core';
import type { Peer } from '../../peer.ts';
import { peerAt } from '../../testing/peer-at.ts';
import { type ProbeRecord, probe, probeHandlers } from '../../testing/transport-cases.ts';
import { type LinkServer, type LinkServerOptions, linkServer } from '../link-server.ts';

export interface ServedLinks extends AsyncDisposable {
  readonly links: LinkServer;
  readonly port: number;
  readonly peer: Peer;
  readonly record: ProbeRecord;
  readonly telemetry: TestTelemetry;
}

/** @param port default any free one. */
export async function serveLinks(options: Partial<LinkServerOptions> = {}, port = 0): Promise<ServedLinks> {
  const record: ProbeRecord = { running: 0, made: 0, ended: undefined };
  const telemetry = testTelemetry();
  const procedures = procedureService(probe, probeHandlers(record), telemetry);
  const links = linkServer({ services: [{ contract: probe, procedures }], telemetry, ...options });
  const server = createServer({ allowHalfOpen: true }, (socket) => links.accept(socket));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  return {
    links,
    port: address.port,
    peer: peerAt({ host: '127.0.0.1', port: address.port }),
    record,
    telemetry,
    async [Symbol.asyncDispose]() {
      server.close();
      await links.drain(300);
    },
  };
}

/** The value of a gauge or counter of one side. */
export function metric({ metrics }: TestTelemetry, name: string, side: 'client' | 'server'): number {
  const series = metrics.snapshot([name]).metrics[0]?.series;
  return series?.find(({ labels }) => labels[0] === side)?.value ?? 0;
}
