/** The lists of candidates that a balancer has seen, remembered as long as they live: directories make a new one at
 * each change. */
import { instanceHash } from '../membership/instance-hash.ts';
import type { Peer } from '../peer.ts';
import { type Place, placeOf } from './aperture.ts';
import { PeerList } from './peer-list.ts';
import { Standing } from './standing.ts';

/** How often the caller's place among its like is looked up. */
const PLACE_EACH_MS = 1_000;

/** Who calls. */
export interface Caller {
  readonly instance: string;
  readonly service: string | undefined;
  /** The processes that call the same peers: mostly the instances of its service. */
  likes(): readonly Peer[];
}

export interface PeerLists {
  /** @param isNear whether it holds those of the caller's zone only. */
  of(candidates: readonly Peer[], isNear: boolean, now: number): PeerList;
  /** Some peer was ejected, probed or is trusted again. */
  changed(): void;
}

/** @param standings of all peers that were ever seen as candidates; newcomers are entered. */
export function peerLists(
  options: { readonly zone?: string | undefined; readonly caller?: Caller | undefined },
  standings: Map<string, Standing>,
): PeerLists {
  const { zone, caller } = options;
  const known = new WeakMap<readonly Peer[], PeerList>();
  let version = 0;

  function make(candidates: readonly Peer[], now: number): PeerList {
    const areEstablished = candidates.some(({ instance }) => standings.get(instance)?.isEstablished(now));
    return new PeerList(
      candidates.map((peer) => {
        let standing = standings.get(peer.instance);
        if (!standing) {
          standing = new Standing(peer.service, now, areEstablished);
          standings.set(peer.instance, standing);
        }
        return { peer, standing, hash: instanceHash(peer.instance) };
      }),
    );
  }

  function placeIn(list: PeerList, isNear: boolean): Place | undefined {
    if (!caller || !list.isLarge) return undefined;
    const likes = caller.likes();
    return placeOf(
      caller.instance,
      caller.service,
      isNear ? likes.filter((like) => like.zone === zone) : likes,
    );
  }

  return {
    of(candidates, isNear, now) {
      let list = known.get(candidates);
      if (!list) {
        list = make(candidates, now);
        known.set(candidates, list);
      }
      if (now >= list.placedAt + PLACE_EACH_MS && (list.isLarge || list.size === 0)) {
        list.placedAt = now;
        list.arrange(placeIn(list, isNear));
      }
      // Near ones are given up for others before those that fail are insisted on.
      list.refresh(version, now, !isNear);
      return list;
    },
    changed() {
      version++;
    },
  };
}
