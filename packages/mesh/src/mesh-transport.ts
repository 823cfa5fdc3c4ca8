/** Carries each call by the best way that its peer announces: a link where it takes one as we make them, and HTTP
 * otherwise. What a call does is the same by both. */
import { httpTransport } from './http/http-transport.ts';
import { type LinkTransportOptions, linkTransport } from './link/link-transport.ts';
import type { Transport } from './transport.ts';

/** @example joinMesh({ transport: meshTransport({ telemetry }), … }) */
export function meshTransport(options: LinkTransportOptions = {}): Transport {
  const links = linkTransport(options);
  const http = httpTransport(options);
  const isSecure = options.tls !== undefined;
  return {
    name: 'mesh',
    call: (peer, call) => (peer.link?.tls === isSecure ? links : http).call(peer, call),
    async close() {
      await Promise.all([links.close(), http.close()]);
    },
  };
}
