/** Keeps calls in the caller's zone while that zone can take them (after Envoy's zone-aware and locality-weighted
 * balancing). All calls stay while its peers are less busy than COMFORTABLE, or busier elsewhere. Above that a
 * growing share goes to all zones, until at full load each peer gets the same. A zone with less than half of its
 * fair part of the peers (panic) keeps only what its part allows. Load is what peers say of themselves; who says
 * nothing counts as idle. */
import type { Peer } from '../peer.ts';

const COMFORTABLE = 0.7;
const PANIC = 0.5;

export interface Locality {
  /** Those in the caller's zone. */
  readonly near: readonly Peer[];
  /** Which share of the calls goes to them; the rest goes to all. */
  readonly share: number;
}

/** How calls from `zone` are shared out; undefined when zones make no difference. */
export function localityOf(candidates: readonly Peer[], zone: string | undefined): Locality | undefined {
  if (zone === undefined) return undefined;
  const near = candidates.filter((peer) => peer.zone === zone);
  if (near.length === 0 || near.length === candidates.length) return undefined;
  const far = candidates.filter((peer) => peer.zone !== zone);
  const part = weightOf(near) / weightOf(candidates);
  const fairPart = 1 / new Set(candidates.map((peer) => peer.zone)).size;
  const allowed = part < PANIC * fairPart ? part / fairPart : 1;
  return { near, share: Math.min(allowed, shareByLoad(loadOf(near), loadOf(far), part)) };
}

function shareByLoad(near: number, far: number, part: number): number {
  if (near <= COMFORTABLE || far >= near) return 1;
  const excess = (near - COMFORTABLE) / (1 - COMFORTABLE);
  return 1 - excess * (1 - part);
}

function weightOf(peers: readonly Peer[]): number {
  return peers.reduce((sum, peer) => sum + (peer.weight ?? 1), 0);
}

function loadOf(peers: readonly Peer[]): number {
  const weight = weightOf(peers);
  return weight === 0
    ? 1
    : peers.reduce((sum, peer) => sum + (peer.weight ?? 1) * (peer.load ?? 0), 0) / weight;
}

/** The same, remembering what it found of a list as long as that list lives: directories make a new one at each
 * change. */
export function localities(zone: string | undefined): (candidates: readonly Peer[]) => Locality | undefined {
  const known = new WeakMap<readonly Peer[], Locality>();
  return (candidates) => {
    let locality = known.get(candidates);
    if (!locality) {
      locality = localityOf(candidates, zone) ?? EVERYWHERE;
      known.set(candidates, locality);
    }
    return locality === EVERYWHERE ? undefined : locality;
  };
}

/** The candidates that a call begins with: those near, or all. */
export function nearby(
  zone: string | undefined,
  random: () => number,
  localityIn: (candidates: readonly Peer[]) => Locality | undefined = localities(zone),
): (candidates: readonly Peer[]) => readonly Peer[] {
  if (zone === undefined) return (candidates) => candidates;
  return (candidates) => {
    const locality = localityIn(candidates);
    if (!locality) return candidates;
    return locality.share >= 1 || random() < locality.share ? locality.near : candidates;
  };
}

const EVERYWHERE: Locality = { near: [], share: 0 };
