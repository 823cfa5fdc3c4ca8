/** The membership as a process runs it, in the simulated world: nothing is encrypted, logged or counted. */
import type { Logger, Metrics } from '@goblin/core';
import type { ClusterKey } from '../../src/discovery/finder.ts';
import { createMembership, type Membership } from '../../src/membership/membership.ts';
import type { NodeParts } from './sim-node.ts';

export function productionNode({ network, clock, events, known, random, self }: NodeParts): Membership {
  let announcement = self();
  const membership = createMembership({
    network,
    clusterKey: NO_CIPHER,
    clock,
    log: QUIET,
    metrics: UNCOUNTED,
    events,
    random,
    known,
    self: () => announcement,
    outbid(incarnation) {
      announcement = { ...announcement, incarnation: incarnation + 1 };
      membership.announced();
    },
  });
  return membership;
}

const NO_CIPHER: ClusterKey = {
  cluster: 'simulated',
  seal: (plain) => Uint8Array.prototype.slice.call(plain),
  open: (sealed) => sealed,
};

const nothing = (): void => {};
const QUIET = { warn: nothing, error: nothing, info: nothing, debug: nothing } as unknown as Logger;
const SERIES = { add: nothing, set: nothing, record: nothing };
const FAMILY = { with: () => SERIES };
const UNCOUNTED = {
  counter: () => FAMILY,
  gauge: () => FAMILY,
  histogram: () => FAMILY,
  observe: () => ({ [Symbol.dispose]: nothing }),
} as unknown as Metrics;
