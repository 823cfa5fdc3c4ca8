/** Chooses among ready peers by the power of two choices: of two picked at random, the one with less in flight
 * for its weight. That spreads load within a few per cent without looking at all peers, and a slow or hung peer
 * gets less by itself (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing").
 *
 * Peers in the caller's zone come first (locality.ts).
 *
 * Peers that fail are avoided for a while, first 1 s, twice as long each time after up to 30 s; then a single
 * attempt probes whether it is back (standing.ts). A peer that cannot be reached is avoided at once, one that
 * answers with failures after three in a row. Failing answers may be the fault of something that all share, so they
 * never take out more than half of the peers; when more would be avoided, none of those is. Where nobody can be
 * reached, one attempt per 100 ms and peer tries. */
import type { Clock, Logger, Metrics } from '@goblin/core';
import { addressOf, type Peer } from '../peer.ts';
import { nearby } from './locality.ts';
import { type AttemptOutcome, Standing } from './standing.ts';

export type { AttemptOutcome };

const MIN_WEIGHT = 0.01;

export interface Balancer {
  /** One of the candidates, none of `avoid` unless nothing else is left; undefined when there are none that may
   * be tried now. The caller must end the returned lease with the attempt's outcome. */
  pick(candidates: readonly Peer[], avoid: ReadonlySet<string>): Lease | undefined;
  /** The peer has left: its record can go. */
  forget(instance: string): void;
  /** How many peers are avoided now. */
  readonly ejected: number;
}

/** The time one attempt spends with a peer. */
export interface Lease {
  readonly peer: Peer;
  /** Counts once; later calls change nothing and answer false. */
  end(outcome: AttemptOutcome): boolean;
}

export interface BalancerOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** From 0 up to 1. Default Math.random. */
  readonly random?: () => number;
  /** Of the caller: peers there come first (locality.ts). */
  readonly zone?: string | undefined;
}

export function createBalancer(options: BalancerOptions): Balancer {
  const { clock, log, metrics, random = Math.random } = options;
  const nearest = nearby(options.zone, random);
  const standings = new Map<string, Standing>();
  /** While nobody is, picking needs no look at the whole list. */
  let ejected = 0;
  const ejections = metrics.counter('mesh_ejections_total', {
    help: 'Times that a peer was avoided because attempts with it failed.',
    labels: ['service', 'reason'],
  });

  function standingOf(peer: Peer): Standing {
    let standing = standings.get(peer.instance);
    if (!standing) {
      standing = new Standing();
      standings.set(peer.instance, standing);
    }
    return standing;
  }

  function settle(peer: Peer, standing: Standing, outcome: AttemptOutcome, probe: boolean): void {
    // Of a peer that has left, what still settles tells nothing.
    if (standings.get(peer.instance) !== standing) return;
    const before = standing.ejected;
    const forMs = standing.end(outcome, probe, clock);
    if (standing.ejected !== before) ejected += before ? -1 : 1;
    if (forMs === 0) return;
    ejections.with(peer.service ?? '-', outcome).add();
    log.warn(
      { peer: peer.instance, address: addressOf(peer), forMs },
      `${peer.instance} is avoided: ${outcome}`,
    );
  }

  function lease(peer: Peer): Lease {
    const standing = standingOf(peer);
    return new OpenLease(peer, standing, standing.begin(clock), settle);
  }

  function loadOf(peer: Peer): number {
    return (standingOf(peer).inFlight + 1) / Math.max(MIN_WEIGHT, peer.weight ?? 1);
  }

  function choose(peers: readonly Peer[]): Peer {
    if (peers.length === 1) return peers[0]!;
    const first = Math.floor(random() * peers.length);
    let second = Math.floor(random() * (peers.length - 1));
    if (second >= first) second++;
    const [one, other] = [peers[first]!, peers[second]!];
    return loadOf(one) <= loadOf(other) ? one : other;
  }

  function pickCarefully(candidates: readonly Peer[], avoid: ReadonlySet<string>): Lease | undefined {
    const now = clock.now();
    let usable = candidates.filter((peer) => standingOf(peer).isUsable(now));
    const reachable = candidates.filter((peer) => standingOf(peer).isReachable(now));
    if (usable.length < reachable.length / 2) usable = reachable;
    const fresh = usable.filter((peer) => !avoid.has(peer.instance));
    if (fresh.length > 0) return lease(choose(fresh));
    if (usable.length > 0) return lease(choose(usable));
    const lastResort = candidates.filter((peer) => standingOf(peer).isLastResort(now));
    return lastResort.length > 0 ? lease(choose(lastResort)) : undefined;
  }

  /** Near ones come first only while nothing speaks against them. */
  function pickNear(
    near: readonly Peer[],
    candidates: readonly Peer[],
    avoid: ReadonlySet<string>,
  ): Lease | undefined {
    if (near === candidates) return undefined;
    const now = clock.now();
    const fresh = near.filter((peer) => !avoid.has(peer.instance) && standingOf(peer).isUsable(now));
    return fresh.length > 0 ? lease(choose(fresh)) : undefined;
  }

  return {
    pick(candidates, avoid) {
      if (candidates.length === 0) return undefined;
      const near = nearest(candidates);
      if (ejected === 0 && avoid.size === 0) return lease(choose(near));
      return pickNear(near, candidates, avoid) ?? pickCarefully(candidates, avoid);
    },
    forget(instance) {
      if (standings.get(instance)?.ejected) ejected--;
      standings.delete(instance);
    },
    get ejected() {
      return ejected;
    },
  };
}

type Settle = (peer: Peer, standing: Standing, outcome: AttemptOutcome, probe: boolean) => void;

class OpenLease implements Lease {
  readonly peer: Peer;
  readonly #standing: Standing;
  readonly #probe: boolean;
  readonly #settle: Settle;
  #open = true;

  constructor(peer: Peer, standing: Standing, probe: boolean, settle: Settle) {
    this.peer = peer;
    this.#standing = standing;
    this.#probe = probe;
    this.#settle = settle;
  }

  end(outcome: AttemptOutcome): boolean {
    if (!this.#open) return false;
    this.#open = false;
    this.#settle(this.peer, this.#standing, outcome, this.#probe);
    return true;
  }
}
