/** Puts a process among the members: opens its network, writes what membership knows into the directory, and takes
 * from it whom finders heard and whom callers could not reach.
 *
 * The directory holds for each peer either the membership's word, which stands until membership itself takes it
 * back, or a finder's sighting, which fades. Processes on this machine's loopback and those on a network cannot
 * reach each other and are not members of each other. When no UDP socket can be opened at all, that is said, and
 * the finders' sightings are all there is. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Clock, Logger, Metrics } from '@goblin/core';
import { createComplaints } from '../discovery/complaints.ts';
import type { Directory } from '../discovery/directory.ts';
import type { ClusterKey } from '../discovery/finder.ts';
import type { PeerExchange } from '../discovery/peer-exchange.ts';
import { type Announcement, type Endpoint, hostAndPort } from '../peer.ts';
import { createMembership } from './membership.ts';
import { isLoopbackHost } from './reachable-host.ts';
import { openUdpNetwork, type UdpNetwork } from './udp-network.ts';

const SOURCE = 'membership';

const ONLY_WE_ARE_LOCAL =
  'ignored members on the network: this process listens on loopback only, give it a host that others can reach';
const ONLY_THEY_ARE_LOCAL =
  'ignored members that listen on loopback only: give them a host that others can reach';

export interface JoinMembershipOptions {
  readonly directory: Directory;
  readonly clusterKey: ClusterKey;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** UDP; 0 takes any free one. */
  readonly port: number;
  random(): number;
  self(): Announcement;
  /** The port that was opened, before anybody is told of it. */
  opened(port: number): void;
  /** Somebody we know or are about to ask is there: the address we give must be one it can reach. */
  facing(host: string): void;
  /** Announce an incarnation above this one. */
  outbid(incarnation: number): void;
}

export interface JoinedMembership {
  /** How many members there are, ourselves included. */
  readonly size: number;
  readonly exchange: PeerExchange;
  /** Whether a member listens there for calls. */
  listensAt(address: Endpoint): boolean;
  has(instance: string): boolean;
  /** Resynchronises with whoever listens there; resolves with its name. Rejects with why it did not work. */
  contact(address: Endpoint): Promise<string>;
  announced(): void;
  /** Says goodbye and closes. */
  leave(): Promise<void>;
}

export async function joinMembership(options: JoinMembershipOptions): Promise<JoinedMembership> {
  const { directory, clusterKey, clock, log, metrics, self } = options;
  const complaints = createComplaints(clock, log, 'membership');
  /** While we write into the directory, what it tells is what we told it. */
  let writing = false;
  const write = (change: () => void): void => {
    writing = true;
    try {
      change();
    } finally {
      writing = false;
    }
  };

  const isLocal = (): boolean => isLoopbackHost(self().gossip!.host);

  let network: UdpNetwork;
  try {
    network = await openUdpNetwork({
      port: options.port,
      complaints,
      receive: (datagram, from) => membership.receive(datagram, from),
    });
  } catch (error) {
    log.error({ err: error }, 'membership: cannot open a UDP socket; peers are known by their finders alone');
    return alone(complaints.close);
  }
  options.opened(network.port);

  const membership = createMembership({
    network,
    clusterKey,
    clock,
    log,
    metrics,
    random: options.random,
    self,
    outbid: options.outbid,
    hears: (from) => !isLocal() || isLoopbackHost(from.host),
    welcome(newcomer) {
      if (isLoopbackHost(newcomer.gossip!.host) === isLocal()) return true;
      complaints.about(isLocal() ? ONLY_WE_ARE_LOCAL : ONLY_THEY_ARE_LOCAL, { peer: newcomer.instance });
      return false;
    },
    events: {
      alive(peer) {
        const sighting = { by: SOURCE, at: clock.now(), forMs: Number.POSITIVE_INFINITY };
        write(() => directory.heard(peer, sighting));
      },
      suspected: ({ instance }, because) => write(() => directory.suspect(instance, because)),
      dead: ({ instance }, because) => write(() => directory.left(instance, because)),
      left: ({ instance, incarnation }) => write(() => directory.goodbye(instance, incarnation)),
    },
  });

  const unsubscribe = directory.subscribe(({ kind, peer, because }) => {
    if (writing || peer.instance === self().instance) return;
    if (kind === 'suspected') membership.suspect(peer.instance, because);
    else if (kind !== 'left' && peer.gossip) {
      options.facing(peer.gossip.host);
      membership.found(peer);
    }
  });

  return {
    get size() {
      return membership.size;
    },
    exchange: membership.answer,
    listensAt: membership.listensAt,
    has: membership.has,
    async contact(address) {
      const to = { host: await numeric(address.host), port: address.port };
      options.facing(to.host);
      return new Promise((resolve, reject) => {
        membership.contact(to, (who, failure) => {
          if (who !== undefined) resolve(who);
          else reject(new Error(failure ?? `${hostAndPort(to)} did not say who it is`));
        });
      });
    },
    announced: membership.announced,
    async leave() {
      unsubscribe();
      membership.leave();
      complaints.close();
      await network.close();
    },
  };
}

async function numeric(host: string): Promise<string> {
  return isIP(host) ? host : (await lookup(host)).address;
}

/** Where there is no network for it. */
function alone(close: () => void): JoinedMembership {
  return {
    size: 1,
    exchange: () => undefined,
    listensAt: () => false,
    has: () => false,
    contact: () => Promise.reject(new Error('this process has no UDP socket')),
    announced: () => {},
    leave: async () => close(),
  };
}
