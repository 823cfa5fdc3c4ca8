/** One list of candidates as a balancer sees it: in the order in which this caller prefers them (aperture.ts), with
 * those that may be called now set apart. That part is made anew only when a peer of it is ejected, probed or trusted
 * again, so that choosing costs no look at the whole list. */
import type { Peer } from '../peer.ts';
import { APERTURE, type Place, subsetOf } from './aperture.ts';
import type { Standing } from './standing.ts';

const MIN_WEIGHT = 0.01;
/** A newcomer is drawn again so often at most while it starts slowly. */
const MAX_DRAWS = 4;

export interface Candidate {
  readonly peer: Peer;
  readonly standing: Standing;
  readonly hash: number;
}

/** With its weight in this list: 1 is the heaviest. */
interface Weighed extends Candidate {
  readonly weight: number;
}

export class PeerList {
  /** As the directory has them. */
  readonly all: readonly Candidate[];
  /** When the caller's place was looked up last. */
  placedAt = Number.NEGATIVE_INFINITY;
  /** How many the caller calls while all is well. */
  size = 0;
  #place: Place | undefined;
  #ring: readonly Weighed[] = [];
  #heaviest = MIN_WEIGHT;
  #active: readonly Weighed[] = [];
  /** Sums of the weights up to each of the active; undefined where all are the same. */
  #sums: Float64Array | undefined;
  #version = -1;
  #changesAt = 0;

  constructor(all: readonly Candidate[]) {
    this.all = all;
  }

  get isLarge(): boolean {
    return this.all.length > APERTURE;
  }

  /** Where the caller stands among its like; without that there is no subset. */
  arrange(place: Place | undefined): void {
    const known = this.#place;
    if (this.size > 0 && known?.rank === place?.rank && known?.of === place?.of) return;
    this.#place = place;
    const { all } = this;
    const subset = place && this.isLarge ? subsetOf(hashesOf(all), place) : undefined;
    this.#heaviest = all.reduce((most, { peer }) => Math.max(most, weightOf(peer)), MIN_WEIGHT);
    const weigh = (candidate: Candidate, part: number): Weighed => ({
      ...candidate,
      weight: (weightOf(candidate.peer) / this.#heaviest) * part,
    });
    this.size = subset?.size ?? all.length;
    this.#ring = subset
      ? subset.order.map((i, at) =>
          weigh(all[i]!, at === 0 ? subset.first : at === subset.size - 1 ? subset.last : 1),
        )
      : all.map((candidate) => weigh(candidate, 1));
    this.#version = -1;
  }

  /** Sees to it that the active ones are right.
   * @param version grows whenever any peer is ejected, probed or trusted again.
   * @param insists whether to call those that are avoided for failing when they are more than half: what all share
   * may be at fault. */
  refresh(version: number, now: number, insists: boolean): void {
    if (version === this.#version && now < this.#changesAt) return;
    this.#version = version;
    let usable = this.#ring.filter(({ standing }) => standing.isUsable(now));
    if (insists && usable.length < this.#ring.length) {
      const reachable = this.#ring.filter(({ standing }) => standing.isReachable(now));
      if (usable.length < reachable.length / 2) usable = reachable;
    }
    this.#changesAt = this.#ring.reduce((soonest, { standing }) => {
      const { probeAt } = standing;
      return probeAt > now ? Math.min(soonest, probeAt) : soonest;
    }, Number.POSITIVE_INFINITY);
    this.#active = usable.length > this.size ? usable.slice(0, this.size) : usable;
    this.#sums = sumsOf(this.#active);
  }

  /** The power of two choices among the active: one drawn by weight and any other. Undefined where there is none. */
  choose(now: number, random: () => number): Candidate | undefined {
    const active = this.#active;
    if (active.length < 2) return active[0];
    const first = this.#draw(now, random);
    let second = Math.floor(random() * (active.length - 1));
    if (second >= first) second++;
    return better(active[first]!, active[second]!, now);
  }

  /** The same without those in `avoid`; beyond the subset where nobody is left in it. */
  chooseOther(avoid: ReadonlySet<string>, now: number, random: () => number): Candidate | undefined {
    let others = this.#active.filter(({ peer }) => !avoid.has(peer.instance));
    if (others.length === 0 && this.size < this.#ring.length)
      others = this.#ring.filter(({ peer, standing }) => !avoid.has(peer.instance) && standing.isUsable(now));
    if (others.length < 2) return others[0];
    const first = Math.floor(random() * others.length);
    let second = Math.floor(random() * (others.length - 1));
    if (second >= first) second++;
    return better(others[first]!, others[second]!, now);
  }

  /** One that is avoided but was left alone for a moment. */
  lastResort(now: number, random: () => number): Candidate | undefined {
    const some = this.#ring.filter(({ standing }) => standing.isLastResort(now));
    return some[Math.floor(random() * some.length)];
  }

  /** Those that are called now, by instance, each with its weight as far as it counts here. */
  called(): ReadonlyMap<string, number> {
    const called = [...this.#ring.slice(0, this.size), ...this.#active];
    return new Map(called.map(({ peer, weight }) => [peer.instance, weight * this.#heaviest]));
  }

  /** By weight; a newcomer in its slow start is mostly passed over. */
  #draw(now: number, random: () => number): number {
    const active = this.#active;
    const sums = this.#sums;
    let drawn = 0;
    for (let draws = 0; draws < MAX_DRAWS; draws++) {
      drawn = sums ? placeIn(sums, random() * sums[sums.length - 1]!) : Math.floor(random() * active.length);
      const warmth = active[drawn]!.standing.warmth(now);
      if (warmth === 1 || random() < warmth) return drawn;
    }
    return drawn;
  }
}

/** The first was drawn by weight, so that it gets its part even if all are idle; the second takes its place only where
 * it has more room for its weight. */
function better(first: Weighed, second: Weighed, now: number): Weighed {
  const one = first.standing;
  const other = second.standing;
  const load = one.burden(now) * (one.inFlight / (first.weight * one.warmth(now)) + 1);
  const otherLoad = (other.burden(now) * (other.inFlight + 1)) / (second.weight * other.warmth(now));
  return load <= otherLoad ? first : second;
}

function weightOf(peer: Peer): number {
  return Math.max(MIN_WEIGHT, peer.weight ?? 1);
}

function hashesOf(candidates: readonly Candidate[]): readonly number[] {
  return candidates.map(({ hash }) => hash);
}

function sumsOf(weighed: readonly Weighed[]): Float64Array | undefined {
  if (weighed.every(({ weight }) => weight === weighed[0]!.weight)) return undefined;
  let sum = 0;
  return Float64Array.from(weighed, ({ weight }) => {
    sum += weight;
    return sum;
  });
}

/** The first whose sum is above `value`. */
function placeIn(sums: Float64Array, value: number): number {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
