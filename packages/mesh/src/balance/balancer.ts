/** Chooses among ready peers by the power of two choices (Mitzenmacher): of two, the one with less load for its weight,
 * where load is how slow it is (peak-ewma.ts) times what is in flight. That spreads load within a few per cent without
 * looking at all peers, and a slow or hung peer gets less by itself.
 *
 * Peers in the caller's zone come first (locality.ts); of many peers a caller calls a part (aperture.ts); newcomers
 * among established peers start slowly, and peers that fail are avoided for a while (standing.ts).
 *
 * Failing answers may be the fault of something that all share, so they never take out more than half of the peers; when
 * more would be avoided, none of those is. Where nobody can be reached, one attempt per 100 ms and peer tries.
 *
 * A choice costs about 100 ns, whatever the number of peers and of those avoided. */
import type { Clock, Logger, Metrics } from '@goblin/core';
import { addressOf, type Peer } from '../peer.ts';
import { localities, nearby } from './locality.ts';
import type { Candidate } from './peer-list.ts';
import { type Caller, peerLists } from './peer-lists.ts';
import type { AttemptOutcome, Standing } from './standing.ts';
import { type PeerTreatment, treatmentOf } from './treatment.ts';

export type { AttemptOutcome, Caller };

export interface Balancer {
  /** One of the candidates, none of `avoid` unless nothing else is left; undefined when there are none that may
   * be tried now. The caller must end the returned lease with the attempt's outcome.
   * @param now on the balancer's clock, for who has just read it. */
  pick(candidates: readonly Peer[], avoid: ReadonlySet<string>, now?: number): Lease | undefined;
  /** The peer has left: its record can go. */
  forget(instance: string): void;
  /** How each peer is treated among these candidates. */
  treatment(candidates: readonly Peer[]): (peer: Peer) => PeerTreatment;
  /** How many peers are avoided now. */
  readonly ejected: number;
}

/** The time one attempt spends with a peer. */
export interface Lease {
  readonly peer: Peer;
  readonly beganAt: number;
  /** Its answer came, or will not be waited for any longer: what that took is compared with what is typical.
   * @param typicalMs of the procedure; 0 when that is not known. */
  measured(at: number, typicalMs: number): void;
  /** Counts once; later calls change nothing and answer false.
   * @param at when, on the balancer's clock, for who has just read it.
   * @param error what it failed with. */
  end(outcome: AttemptOutcome, at?: number, error?: unknown): boolean;
}

export interface BalancerOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** From 0 up to 1. Default Math.random. */
  readonly random?: () => number;
  /** Of the caller: peers there come first (locality.ts). */
  readonly zone?: string | undefined;
  /** Who calls, for a caller that is to keep to a part of many peers (aperture.ts). Without, it calls all of them. */
  readonly caller?: Caller | undefined;
}

export function createBalancer(options: BalancerOptions): Balancer {
  const { clock, log, metrics, zone, random = Math.random } = options;
  const localityIn = localities(zone);
  const nearest = nearby(zone, random, localityIn);
  const standings = new Map<string, Standing>();
  const lists = peerLists(options, standings);
  let ejected = 0;
  const ejections = metrics.counter('mesh_ejections_total', {
    help: 'Times that a peer was avoided because attempts with it failed.',
    labels: ['service', 'reason'],
  });

  function open({ peer, standing }: Candidate, now: number): Lease {
    const isProbe = standing.begin(now);
    if (isProbe) lists.changed();
    return new OpenLease(peer, standing, now, isProbe, settle);
  }

  function settle(
    lease: OpenLease,
    outcome: AttemptOutcome,
    endedAt: number | undefined,
    error: unknown,
  ): void {
    const { peer, standing, beganAt, isProbe } = lease;
    const at = endedAt ?? clock.now();
    // Of a peer that has left, what still settles tells nothing.
    if (standings.get(peer.instance) !== standing) return;
    const before = standing.ejection;
    if (outcome === 'ok' && !before) return standing.succeed(at);
    const ended = { outcome, beganAt, at, isProbe, error };
    if (standing.end(ended, () => rateOfOthers(standing, at))) lists.changed();
    const after = standing.ejection;
    if (before === after) return;
    ejected += (after ? 1 : 0) - (before ? 1 : 0);
    if (!after) return;
    const forMs = Math.round(after.until - at);
    ejections.with(peer.service ?? '-', after.reason).add();
    log.warn(
      { peer: peer.instance, address: addressOf(peer), reason: after.reason, forMs },
      `${peer.instance} is avoided: ${after.because}`,
    );
  }

  /** The success rate of the other peers of its service. */
  function rateOfOthers(standing: Standing, now: number): number | undefined {
    let attempts = 0;
    let failures = 0;
    for (const other of standings.values()) {
      if (other === standing || other.service !== standing.service) continue;
      attempts += other.successes.attempts(now);
      failures += other.successes.failures(now);
    }
    return attempts === 0 ? undefined : 1 - failures / attempts;
  }

  function choose(
    candidates: readonly Peer[],
    near: readonly Peer[],
    avoid: ReadonlySet<string>,
    now: number,
  ): Candidate | undefined {
    const isFirst = avoid.size === 0;
    if (near !== candidates) {
      // They come first only while nothing speaks against them.
      const list = lists.of(near, true, now);
      const chosen = isFirst ? list.choose(now, random) : list.chooseOther(avoid, now, random);
      if (chosen) return chosen;
    }
    const list = lists.of(candidates, false, now);
    const other = isFirst ? undefined : list.chooseOther(avoid, now, random);
    return other ?? list.choose(now, random) ?? list.lastResort(now, random);
  }

  return {
    pick(candidates, avoid, now = clock.now()) {
      if (candidates.length === 0) return undefined;
      const chosen = choose(candidates, nearest(candidates), avoid, now);
      return chosen && open(chosen, now);
    },
    forget(instance) {
      if (standings.get(instance)?.ejection) ejected--;
      standings.delete(instance);
    },
    treatment(candidates) {
      const now = clock.now();
      const locality = localityIn(candidates);
      const near = new Set(locality && locality.share >= 1 ? locality.near : candidates);
      const list = lists.of(candidates, false, now);
      const nearList = locality ? lists.of(locality.near, true, now) : list;
      const called = new Map([...list.called(), ...nearList.called()]);
      return (peer) => {
        const isFar = !near.has(peer) && candidates.includes(peer);
        const from = isFar || !locality?.near.includes(peer) ? list : nearList;
        return treatmentOf(standings.get(peer.instance), now, {
          weight: called.get(peer.instance),
          subsetSize: from.size,
          listSize: from.all.length,
          isFar,
        });
      };
    },
    get ejected() {
      return ejected;
    },
  };
}

type Settle = (lease: OpenLease, outcome: AttemptOutcome, at: number | undefined, error: unknown) => void;

class OpenLease implements Lease {
  readonly peer: Peer;
  readonly standing: Standing;
  readonly beganAt: number;
  readonly isProbe: boolean;
  readonly #settle: Settle;
  #open = true;

  constructor(peer: Peer, standing: Standing, beganAt: number, isProbe: boolean, settle: Settle) {
    this.peer = peer;
    this.standing = standing;
    this.beganAt = beganAt;
    this.isProbe = isProbe;
    this.#settle = settle;
  }

  measured(at: number, typicalMs: number): void {
    this.standing.latency.observe(this.beganAt, at, typicalMs);
  }

  end(outcome: AttemptOutcome, at?: number, error?: unknown): boolean {
    if (!this.#open) return false;
    this.#open = false;
    this.#settle(this, outcome, at, error);
    return true;
  }
}
