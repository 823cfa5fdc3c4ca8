import type { RemoteInfo } from 'node:dgram';
import type { Announcement } from '../peer.ts';
import { type BeaconInterface, isLoopback } from './beacon-sockets.ts';

/** A peer that listens on all its addresses is reached where its beacon came from. Undefined when it listens on
 * the loopback of another machine. */
export function withReachableAddress(
  peer: Announcement,
  from: RemoteInfo,
  interfaces: readonly BeaconInterface[],
): Announcement | undefined {
  const { address } = peer;
  if (!address) return peer;
  if (address.host === '0.0.0.0' || address.host === '::') {
    return { ...peer, address: { host: from.address, port: address.port } };
  }
  if (!isLoopback(address.host) || isLoopback(from.address)) return peer;
  return interfaces.some((own) => own.address === from.address) ? peer : undefined;
}
