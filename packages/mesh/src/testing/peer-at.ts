import type { Peer } from '../peer.ts';

/** The peer that listens there. */
export function peerAt({ host, port }: { readonly host: string; readonly port: number }): Peer {
  return {
    instance: `probe-${port}`,
    service: 'probe',
    version: 'test',
    contracts: ['probe.v1'],
    address: { host, port },
    state: 'ready',
    incarnation: 1,
    startedAt: 0,
  };
}
