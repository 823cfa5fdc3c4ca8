/** A process of the simulated world, and what its membership is made of. */
import type { Clock } from '@goblin/core';
import type { Membership, MembershipEvents } from '../../src/membership/membership.ts';
import type { MembershipNetwork } from '../../src/membership/network.ts';
import type { Announcement } from '../../src/peer.ts';

/** Where simulated members take datagrams. */
export const PORT = 7_946;
export const EPOCH_MS: number = Date.UTC(2026, 0, 1);

export type HostState = 'up' | 'crashed' | 'silent' | 'paused';

/** What the simulation needs of a node's membership, the real one or a model of another. */
export interface Cluster
  extends Pick<
    Membership,
    'size' | 'has' | 'receive' | 'answer' | 'contact' | 'suspect' | 'leave' | 'close'
  > {
  /** Of models that multicast. */
  beaconed?(from: Announcement, stays: boolean): void;
}

/** What a node's membership is made of. */
export interface NodeParts {
  readonly network: SimNetwork;
  readonly clock: Clock;
  readonly events: MembershipEvents;
  readonly known: readonly Announcement[];
  random(): number;
  self(): Announcement;
}

export interface SimNetwork extends MembershipNetwork {
  /** To all that can be reached, each by chance. */
  multicast(bytes: number, deliver: (other: Cluster) => void): void;
  announcementAt(host: string): Announcement | undefined;
}

/** What a node has found out about another. */
export interface Observation {
  readonly observer: SimNode;
  readonly subject: string;
  readonly kind: 'alive' | 'suspected' | 'dead' | 'left';
  readonly at: number;
}

export class SimNode {
  readonly index: number;
  readonly host: string;
  readonly announcement: Announcement;
  membership!: Cluster;
  state: HostState = 'up';
  upSince = 0;
  /** Parts of a network that is cut have different numbers. */
  part = 0;
  sentBytes = 0;
  receivedBytes = 0;
  /** What could not happen while it was paused. */
  readonly lateTimers: (() => void)[] = [];
  readonly buffer: (() => void)[] = [];

  constructor(index: number, changes: Partial<Announcement> = {}) {
    this.index = index;
    this.host = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
    this.announcement = {
      instance: `service-${index % 40}-${(index * 7_919 + 65_536).toString(16)}`,
      service: `service-${index % 40}`,
      version: '1.4.2',
      contracts: [`service-${index % 40}.v1`],
      address: { host: this.host, port: 8_080 },
      gossip: { host: this.host, port: PORT },
      state: 'ready',
      incarnation: EPOCH_MS,
      startedAt: EPOCH_MS,
      zone: `zone-${index % 3}`,
      ...changes,
    };
  }
}
