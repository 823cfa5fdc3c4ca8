/** Everybody known, and in which order they are probed.
 *
 * Those there are stand in one list that is walked from end to end and shuffled after each round, newcomers at a
 * place of chance: so each is probed once per round, and nobody waits for more than two (SWIM's round robin). Those
 * who have gone are remembered for REMEMBERED_MS, so that old news does not bring them back and who was only cut
 * off is found again. Both are bounded; of the gone the oldest give way. */
import type { Announcement } from '../peer.ts';
import { instanceHash } from './instance-hash.ts';

const REMEMBERED_MS = 3_600_000;
const MAX_GONE = 5_000;

export type MemberState = 'alive' | 'suspect' | 'dead' | 'left';

export class Member {
  readonly instance: string;
  readonly hash: number;
  /** Undefined of one of whom we only heard that it has gone. */
  announcement: Announcement | undefined;
  incarnation: number;
  life: number;
  state: MemberState = 'alive';
  /** Since when it has this state, monotonic ms. */
  changedAt = 0;
  /** Its place in the order of probes; -1 when it has gone. */
  slot = -1;

  constructor(instance: string, announcement: Announcement | undefined, incarnation: number, life: number) {
    this.instance = instance;
    this.hash = instanceHash(instance);
    this.announcement = announcement;
    this.incarnation = incarnation;
    this.life = life;
  }

  get gone(): boolean {
    return this.slot < 0;
  }
}

export class MemberTable {
  readonly #all = new Map<string, Member>();
  /** Those before `#next` were probed in this round. */
  readonly #live: Member[] = [];
  readonly #gone = new Set<Member>();
  readonly #random: () => number;
  #next = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  get(instance: string): Member | undefined {
    return this.#all.get(instance);
  }

  /** Those there are, suspects included, ourselves not. */
  get live(): readonly Member[] {
    return this.#live;
  }

  get gone(): ReadonlySet<Member> {
    return this.#gone;
  }

  all(): Iterable<Member> {
    return this.#all.values();
  }

  /** It is there, newly or again. */
  enter(member: Member): void {
    this.#gone.delete(member);
    this.#all.set(member.instance, member);
    const live = this.#live;
    const place = Math.floor(this.#random() * (live.length + 1));
    this.#place(member, live.length);
    if (place < this.#next) this.#swap(live.length - 1, this.#next++);
    this.#swap(member.slot, place);
  }

  /** It is not there any more, but remembered. */
  retire(member: Member): void {
    this.#all.set(member.instance, member);
    if (!member.gone) this.#take(member);
    this.#gone.delete(member);
    this.#gone.add(member);
    if (this.#gone.size > MAX_GONE) this.#forget(this.#gone.values().next().value!);
  }

  /** Forgets those who went long ago. */
  purge(now: number): void {
    for (const member of this.#gone) {
      if (now - member.changedAt < REMEMBERED_MS) return;
      this.#forget(member);
    }
  }

  /** The one to be probed next. */
  next(): Member | undefined {
    if (this.#live.length === 0) return undefined;
    if (this.#next >= this.#live.length) {
      this.#shuffle();
      this.#next = 0;
    }
    return this.#live[this.#next++];
  }

  /** Up to `count` different ones by chance, of those that are wanted. */
  pick(count: number, wanted: (member: Member) => boolean): Member[] {
    const live = this.#live;
    const picked: Member[] = [];
    // A few draws find enough in a large table; in a small one each is looked at.
    if (live.length > count * 4) {
      for (let draw = 0; draw < count * 3 && picked.length < count; draw++) {
        const member = live[Math.floor(this.#random() * live.length)]!;
        if (wanted(member) && !picked.includes(member)) picked.push(member);
      }
      return picked;
    }
    const rest = live.filter(wanted);
    while (picked.length < count && rest.length > 0) {
      picked.push(rest.splice(Math.floor(this.#random() * rest.length), 1)[0]!);
    }
    return picked;
  }

  #take(member: Member): void {
    const live = this.#live;
    // Its gap is closed so that those probed in this round stay before the others.
    if (member.slot < this.#next) this.#swap(member.slot, --this.#next);
    this.#swap(member.slot, live.length - 1);
    live.pop();
    member.slot = -1;
  }

  #forget(member: Member): void {
    this.#gone.delete(member);
    this.#all.delete(member.instance);
  }

  #shuffle(): void {
    for (let i = this.#live.length - 1; i > 0; i--) this.#swap(i, Math.floor(this.#random() * (i + 1)));
  }

  #swap(one: number, other: number): void {
    const [first, second] = [this.#live[one]!, this.#live[other]!];
    this.#place(second, one);
    this.#place(first, other);
  }

  #place(member: Member, slot: number): void {
    this.#live[slot] = member;
    member.slot = slot;
  }
}
