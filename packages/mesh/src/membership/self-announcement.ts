/** What this process says of itself: what its owner said, completed by addresses that others can reach. Each change
 * is a higher incarnation. */
import { MAX_INCARNATION } from '../discovery/announcement.ts';
import type { Announcement, Endpoint } from '../peer.ts';
import { isAnyHost, isLoopbackHost, reachableHost } from './reachable-host.ts';

export interface SelfAnnouncement {
  readonly now: Announcement;
  change(changes: Partial<Omit<Announcement, 'instance' | 'incarnation' | 'startedAt'>>): void;
  /** It takes datagrams on this port. */
  gossipsAt(port: number): void;
  /** Somebody we met is at this address. True when that changed what we say. */
  faces(host: string): boolean;
  /** The next incarnation is above this one. */
  exceed(incarnation: number): void;
}

/** @param advertised the address to give, where it is known. */
export function selfAnnouncement(first: Announcement, advertised: string | undefined): SelfAnnouncement {
  let said = first;
  let port: number | undefined;
  let met: string | undefined;
  let now = complete();

  function complete(): Announcement {
    const host = advertised ?? reachableHost(said.address?.host, met);
    const gossip = port === undefined ? undefined : { host, port };
    return { ...said, address: reachable(said.address, host), ...(gossip && { gossip }) };
  }

  /** Whoever claims the highest one for us cannot be outbid: then others go on believing him. */
  function renew(incarnation: number): void {
    said = { ...said, incarnation: Math.min(incarnation, MAX_INCARNATION) };
    now = complete();
  }

  return {
    get now() {
      return now;
    },
    change(changes) {
      said = { ...said, ...changes };
      renew(said.incarnation + 1);
    },
    gossipsAt(opened) {
      port = opened;
      now = complete();
    },
    faces(host) {
      // Once it is known in a network it keeps its place there.
      if (met !== undefined && !isLoopbackHost(met)) return false;
      met = host;
      const before = now.gossip?.host;
      if (complete().gossip?.host === before) return false;
      renew(said.incarnation + 1);
      return true;
    },
    exceed: (incarnation) => renew(Math.max(incarnation, said.incarnation) + 1),
  };
}

function reachable(address: Endpoint | undefined, host: string): Endpoint | undefined {
  return address && isAnyHost(address.host) ? { host, port: address.port } : address;
}
