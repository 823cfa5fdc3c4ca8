/** What this process knows of a target and how it treats each of its peers, as plain JSON for people and programs:
 * the answer to "why is this peer not called?". Made on demand; nothing is kept for it. */
import type { Clock } from '@goblin/core';
import type { Directory } from '../discovery/directory.ts';
import { addressOf, type Peer, type PeerState } from '../peer.ts';
import type { Balancer } from './balancer.ts';
import type { EjectionReason } from './standing.ts';
import type { PeerTreatment } from './treatment.ts';
import { whyNotCalled } from './why-not-called.ts';

export interface TargetView {
  /** As it was asked for. */
  readonly name: string;
  /** What the name is; `unknown` when no peer has it now. */
  readonly kind: 'contract' | 'service' | 'instance' | 'unknown';
  /** Whose view this is. */
  readonly caller: { readonly instance: string; readonly zone: string | null };
  /** All known peers with this name, in the order of the directory. */
  readonly peers: readonly PeerView[];
  /** Of each name by which this process has called these peers. */
  readonly calls: readonly CallsView[];
}

export interface PeerView {
  readonly instance: string;
  readonly service: string | null;
  readonly version: string;
  /** `127.0.0.1:4711`; null for a pure client. */
  readonly address: string | null;
  readonly state: PeerState;
  readonly zone: string | null;
  /** What it says of itself. */
  readonly weight: number;
  /** How busy it says it is: 0 to 1. */
  readonly load: number | null;
  /** Why it may have ended. */
  readonly suspected: string | null;
  /** Whether this caller calls it while those that it prefers can take the calls. */
  readonly inSubset: boolean;
  /** The same as this caller counts it: slow start and the part of a subset included; 0 where it is not called. */
  readonly effectiveWeight: number;
  /** Average of what its answers took over about the last ten seconds in which it was called. */
  readonly latencyMs: number | null;
  /** The peak of that by what is typical of the procedures that were called: 1 is typical, 3 three times as slow. */
  readonly slowness: number;
  readonly inFlight: number;
  /** Share of the attempts of about the last ten seconds that did not fail, 0 to 1; null where there were none. */
  readonly successRate: number | null;
  readonly ejected: EjectionView | null;
  /** Since this process knows it. */
  readonly lastFailure: { readonly message: string; readonly atMs: number } | null;
  /** Why it gets no calls, or fewer than others; null when nothing holds them off. */
  readonly why: string | null;
}

/** Times are milliseconds since the Unix epoch. */
export interface EjectionView {
  readonly reason: EjectionReason;
  /** `3 attempts in a row failed: UNAVAILABLE`. */
  readonly because: string;
  readonly sinceMs: number;
  /** From then on one attempt probes it. */
  readonly untilMs: number;
  /** In a row. */
  readonly times: number;
}

export interface CallsView {
  readonly target: string;
  /** Attempts by how they went. */
  readonly attempts: Readonly<Record<string, number>>;
  /** Second attempts made because the first was slow, and how many of them answered first. */
  readonly hedges: { readonly made: number; readonly won: number };
  /** Retries that may be made now. */
  readonly retryBudget: number;
  readonly procedures: readonly ProcedureView[];
}

export interface ProcedureView {
  /** `/tax.v1/quote`; the target's name where attempts do not say. */
  readonly path: string;
  readonly samples: number;
  /** Null before there are enough samples. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  /** After so long without an answer an idempotent call asks another peer too; null before there are enough samples. */
  readonly hedgeAfterMs: number | null;
}

export interface TargetViewParts {
  readonly directory: Directory;
  readonly balancer: Balancer;
  readonly clock: Clock;
  readonly self: { readonly instance: string; readonly zone?: string | undefined };
  calls(target: string): CallsView | undefined;
}

export function targetView(parts: TargetViewParts, name: string): TargetView {
  const { directory, balancer, self } = parts;
  const [kind, peers] = find(directory, name);
  const targets = kind === 'contract' ? [name] : targetsOf(peers, name);
  const lists = new Map<readonly Peer[], (peer: Peer) => PeerTreatment>();
  const treatments = (candidates: readonly Peer[]): ((peer: Peer) => PeerTreatment) => {
    const treatment = lists.get(candidates) ?? balancer.treatment(candidates);
    lists.set(candidates, treatment);
    return treatment;
  };
  return {
    name,
    kind,
    caller: { instance: self.instance, zone: self.zone ?? null },
    peers: peers.map((peer) =>
      peerView(parts, peer, treatments(candidatesOf(directory, peer, kind, name))(peer)),
    ),
    calls: targets.map((target) => parts.calls(target)).filter((calls) => calls !== undefined),
  };
}

function find(directory: Directory, name: string): [TargetView['kind'], readonly Peer[]] {
  const answering = directory.peers.filter((peer) => peer.contracts.includes(name));
  if (answering.length > 0) return ['contract', answering];
  const named = directory.peers.filter((peer) => peer.service === name);
  if (named.length > 0) return ['service', named];
  const peer = directory.peer(name);
  return peer ? ['instance', [peer]] : ['unknown', []];
}

/** By which names its peers may be called. */
function targetsOf(peers: readonly Peer[], name: string): readonly string[] {
  const names = peers.flatMap(({ service, contracts }) => [service ?? name, ...contracts]);
  return [...new Set([name, ...names])];
}

/** The list that calls to a peer choose from. */
function candidatesOf(
  directory: Directory,
  peer: Peer,
  kind: TargetView['kind'],
  name: string,
): readonly Peer[] {
  const contract = kind === 'contract' ? name : peer.contracts[0];
  return contract === undefined ? directory.named(peer.service ?? '') : directory.answering(contract);
}

function peerView(
  { directory, clock, self }: TargetViewParts,
  peer: Peer,
  treatment: PeerTreatment,
): PeerView {
  const { ejection, lastFailure } = treatment;
  const now = clock.now();
  const wall = (at: number): number => Math.round(clock.wall() + at - now);
  const suspected = directory.suspicionOf(peer.instance) ?? null;
  return {
    instance: peer.instance,
    service: peer.service ?? null,
    version: peer.version,
    address: peer.address ? addressOf(peer) : null,
    state: peer.state,
    zone: peer.zone ?? null,
    weight: peer.weight ?? 1,
    load: peer.load ?? null,
    suspected,
    inSubset: treatment.inSubset,
    effectiveWeight: treatment.effectiveWeight,
    latencyMs: treatment.latencyMs,
    slowness: treatment.slowness,
    inFlight: treatment.inFlight,
    successRate: treatment.successRate,
    ejected: ejection
      ? {
          reason: ejection.reason,
          because: ejection.because,
          sinceMs: wall(ejection.since),
          untilMs: wall(ejection.until),
          times: ejection.times,
        }
      : null,
    lastFailure: lastFailure ? { message: lastFailure.message, atMs: wall(lastFailure.at) } : null,
    why: whyNotCalled(peer, treatment, { zone: self.zone, suspected, now, wall }) ?? null,
  };
}
