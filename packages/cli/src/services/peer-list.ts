/** The running instances as discovery knows them, as plain values for people and programs. */
import { addressOf, type Directory, type Peer } from '@goblin/mesh';

export interface ListedPeer {
  readonly service: string;
  readonly instance: string;
  readonly version: string;
  readonly state: string;
  readonly zone: string | null;
  /** How busy it says it is, from 0 to 1. */
  readonly load: number | null;
  readonly weight: number;
  readonly address: string;
  /** How it takes links here; null when it takes none. */
  readonly link: 'unix' | 'tcp' | 'tls' | null;
  /** Epoch ms. */
  readonly startedAt: number;
  /** Why it may have ended; null when nobody thinks so. */
  readonly suspected: string | null;
}

/** All but pure clients, by service and instance. */
export function listPeers(directory: Directory): ListedPeer[] {
  const found = directory.peers.filter((peer) => peer.service !== undefined);
  return found.map((peer) => listed(peer, directory)).sort(byName);
}

export function listed(peer: Peer, directory: Directory): ListedPeer {
  const { service = '-', instance, version, state, zone = null, load = null, weight = 1, startedAt } = peer;
  return {
    service,
    instance,
    version,
    state,
    zone,
    load,
    weight,
    address: addressOf(peer),
    link: linkOf(peer),
    startedAt,
    suspected: directory.suspicionOf(instance) ?? null,
  };
}

function linkOf({ link }: Peer): ListedPeer['link'] {
  if (!link) return null;
  if (link.tls) return 'tls';
  return link.path === undefined ? 'tcp' : 'unix';
}

function byName(a: ListedPeer, b: ListedPeer): number {
  return `${a.service} ${a.instance}` < `${b.service} ${b.instance}` ? -1 : 1;
}
