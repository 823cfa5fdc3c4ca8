/** Carries each call by the best way that its peer announces: a link where it takes one as we make them, and HTTP
 * otherwise. What a call does is the same by both. */
import { contextOf } from '@goblin/core';
import { tellOutcome } from './dispatcher.ts';
import { httpTransport } from './http/http-transport.ts';
import { type LinkTransportOptions, linkTransport } from './link/link-transport.ts';
import type { Peer } from './peer.ts';
import type { Transport } from './transport.ts';

/** @example joinMesh({ transport: meshTransport({ telemetry }), … }) */
export function meshTransport(options: LinkTransportOptions = {}): Transport {
  const links = linkTransport(options);
  const http = httpTransport(options);
  const isSecure = options.tls !== undefined;
  const wayTo = (peer: Peer): Transport => (peer.link?.tls === isSecure ? links : http);
  return {
    name: 'mesh',
    call: (peer, call) => wayTo(peer).call(peer, call),
    begin(peer, call, outcome) {
      const way = wayTo(peer);
      if (way.begin) way.begin(peer, call, outcome);
      else tellOutcome(contextOf(call), () => way.call(peer, call), outcome);
    },
    onLost: (listener) => links.onLost?.(listener),
    async close() {
      await Promise.all([links.close(), http.close()]);
    },
  };
}
