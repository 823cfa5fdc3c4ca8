/** Which of many peers a process calls. When hundreds of callers call hundreds of servers, each with each, connections
 * are many and what is known of each peer is little and old. So each caller keeps to about APERTURE of them.
 *
 * Deterministic aperture, after Finagle ("Deterministic Aperture: A distributed, load balancing algorithm", Twitter,
 * 2019): servers stand on a ring, callers of one kind stand on it too, equally far from each other, and each calls
 * those on an arc from its place on. All arcs are as wide, and as wide as a whole number of the distances between
 * callers, so each point of the ring is covered equally often; a server that an arc covers in part gets that part
 * of a share. Load is then even over all servers without anybody coordinating it: everyone reads the same directory.
 * Few callers have wider arcs, because together they must reach all servers.
 *
 * A server that comes or goes moves the ends of each arc by one place at most; a caller that comes or goes moves
 * the others by a part of their distance. While directories differ, load is a little uneven and nothing else. */
import { instanceHash } from '../membership/instance-hash.ts';
import type { Peer } from '../peer.ts';

/** How many peers of a target a process calls, about; all when there are no more. */
export const APERTURE = 20;

const HASHES = 2 ** 32;

/** Where a caller stands among those of its kind. */
export interface Place {
  readonly rank: number;
  readonly of: number;
  /** Where the ring of its kind begins, from 0 up to 1, so that callers of different kinds do not stand together. */
  readonly offset: number;
}

/** @param callers instances of the same service, itself included or not. */
export function placeOf(instance: string, service: string | undefined, callers: readonly Peer[]): Place {
  let rank = 0;
  let of = 1;
  for (const caller of callers) {
    if (caller.instance === instance) continue;
    of++;
    if (caller.instance < instance) rank++;
  }
  return { rank, of, offset: instanceHash(service ?? '') / HASHES };
}

export interface Subset {
  /** All peers as places of the given list, in the order in which they are called: the subset, then who steps in for
   * those of it that cannot be called. */
  readonly order: readonly number[];
  /** How many of them are the subset. */
  readonly size: number;
  /** The parts of a share that the first and the last of it get; all others get 1. */
  readonly first: number;
  readonly last: number;
}

/** @param hashes of the peers' names. */
export function subsetOf(hashes: readonly number[], { rank, of, offset }: Place): Subset {
  const count = hashes.length;
  const ring = hashes.map((_, i) => i).sort((a, b) => hashes[a]! - hashes[b]! || a - b);
  const distances = Math.min(of, Math.max(1, Math.round((APERTURE * of) / count)));
  const from = ((offset + rank / of) % 1) * count;
  const start = Math.floor(from);
  const end = from + (distances / of) * count;
  const size = Math.ceil(end - EPSILON) - start;
  const order = [...ring.slice(start), ...ring.slice(0, start)];
  if (distances === of) return { order, size: count, first: 1, last: 1 };
  const first = start + 1 - from;
  const last = end - (start + size - 1);
  // Both ends of a wide arc may be on the same one.
  return size > count ? { order, size: count, first: first + last, last: 1 } : { order, size, first, last };
}

/** Rounding may not add a peer for nothing. */
const EPSILON = 1e-6;
