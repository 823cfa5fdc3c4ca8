/** Who is there, by the rules of SWIM: of two facts about a member the one for the newer version holds; for the same
 * version an accusation outweighs `alive`, and `dead` and `left` outweigh both. Only the member itself makes newer
 * versions. What is new is taken in and passed on, what is old changes nothing, so facts may come in any order and as
 * often as they like.
 *
 * Whoever is accused wrongly hears it and contradicts with a newer version. Of a new suspect some members find out for
 * themselves at once, so that it is soon confirmed or cleared. A suspect that does not contradict in its time
 * (suspicion.ts) is dead. */
import type { Clock, Counter } from '@goblin/core';
import type { Announcement, Endpoint } from '../peer.ts';
import { instanceHash } from './instance-hash.ts';
import { Member, type MemberTable } from './member-table.ts';
import { aliveNews, announcementIn, isNewer, type News } from './news.ts';
import { PERIOD_MS } from './prober.ts';
import type { Later } from './punctual-timers.ts';
import { Suspects } from './suspects.ts';
import type { Suspicion } from './suspicion.ts';

export interface MembershipEvents {
  /** It is there, or says something else of itself, or was suspected wrongly. */
  alive(announcement: Announcement): void;
  suspected(announcement: Announcement, because: string): void;
  dead(announcement: Announcement, because: string): void;
  /** It said goodbye. */
  left(announcement: Announcement): void;
}

export interface RosterParts {
  readonly table: MemberTable;
  readonly clock: Clock;
  readonly later: Later;
  readonly events: MembershipEvents;
  self(): Announcement;
  /** Somebody knows this incarnation of us, from an earlier life of our name: our own must be higher. */
  outbid(incarnation: number): void;
  /** Whether this one can be a member of ours. */
  welcome(newcomer: Announcement): boolean;
  /** Passes it on. */
  spread(news: News): void;
  /** We were accused for what we are now, and have contradicted. */
  refuted(): void;
  /** Tells one that has told us of an accusation that we are there. */
  answer(asker: Endpoint): void;
  /** Of two members one takes it for dead and one for alive: finds out, and lets it contradict. */
  dispute(member: Member, accusation?: News): void;
  /** A suspect has not contradicted in half its time: perhaps we missed it, so it is asked itself. */
  remind(member: Member): void;
  /** Something shows that there is more that we do not know, and who may. */
  behind(teller: string | undefined): void;
  /** Finds out for ourselves whether a new suspect is there. */
  check(suspect: Member): void;
  random(): number;
  readonly suspicions: Counter;
}

/** How news came. */
export interface Source {
  /** `told`: it goes round now. `state`: it is what the sender holds true, perhaps for long. */
  readonly way: 'told' | 'state';
  /** Who waits for an answer to the datagram that it came with. */
  readonly asker?: Endpoint | undefined;
  /** The member that told it. */
  readonly teller?: string | undefined;
}

export class Roster {
  readonly #parts: RosterParts;
  readonly #hash: number;
  readonly #suspects: Suspects;
  /** Of our own announcement. */
  #life = 0;
  #leaving = false;

  constructor(parts: RosterParts) {
    this.#parts = parts;
    this.#hash = instanceHash(parts.self().instance);
    this.#suspects = new Suspects({
      clock: parts.clock,
      later: parts.later,
      remind: parts.remind,
      expire: (member, suspicion) => this.#expire(member, suspicion),
    });
  }

  get life(): number {
    return this.#life;
  }

  /** Takes in a fact. True when it was new. */
  take(news: News, source: Source): boolean {
    if (news.instance === this.#parts.self().instance) return this.#takeOfSelf(news, source);
    switch (news.kind) {
      case 'alive':
        return this.#takeAlive(news, source);
      case 'suspect':
        return this.#takeSuspect(news);
      case 'dead':
      case 'left':
        return this.#takeGone(news, source);
    }
  }

  /** What we say of ourselves has changed: a new incarnation begins its first life. */
  announced(): void {
    this.#life = 0;
    this.#parts.spread(this.ofSelf());
  }

  /** We go: whatever is said of us from now on is not contradicted. */
  leave(): News {
    this.#leaving = true;
    return { kind: 'left', instance: this.#parts.self().instance, ...this.#version(), ageS: 0 };
  }

  /** The fact about ourselves. */
  ofSelf(): News {
    return aliveNews(this.#parts.self(), this.#life);
  }

  /** It is there, and all know. */
  remember(announcement: Announcement): void {
    const { table, self } = this.#parts;
    const { instance, incarnation } = announcement;
    if (instance === self().instance) return;
    table.enter(new Member(instance, announcement, incarnation, 0));
  }

  /** It did not answer us. */
  accuse(member: Member): void {
    this.take({ ...this.#of(member, 'suspect'), accuser: this.#hash }, TOLD);
  }

  /** We know that it has ended. */
  bury(member: Member, because: string): void {
    if (!member.gone) this.#remove(member, this.#of(member, 'dead'), because);
  }

  /** What one who is not held for alive must be told of itself. */
  accusationOf(member: Member): News | undefined {
    if (member.state === 'suspect') return { ...this.#of(member, 'suspect'), accuser: 0 };
    return member.gone ? this.#of(member, 'dead') : undefined;
  }

  /** We stood still for so long: suspects could not contradict meanwhile. */
  excuse(byMs: number): void {
    this.#suspects.excuse(byMs);
  }

  #takeAlive(news: News, { way, teller }: Source): boolean {
    const { table, clock } = this.#parts;
    const known = table.get(news.instance);
    const fresh = !known || isNewer(news, known);
    const announced = known?.announcement?.incarnation === news.incarnation ? known.announcement : undefined;
    if (!fresh && known.gone) {
      // Opinions differ, and only the member itself can tell.
      if (way === 'state' && known.state === 'dead' && !isNewer(known, news)) this.#parts.dispute(known);
      return false;
    }
    // An accusation may have been faster than the announcement that it is about.
    if (!fresh && (announced || news.incarnation !== known.incarnation)) return false;
    const announcement = announced ?? announcementIn(news);
    if (!announcement) {
      if (fresh && !news.body) this.#parts.behind(teller);
      return false;
    }
    if (!this.#parts.welcome(announcement)) return false;
    const member = known ?? new Member(news.instance, announcement, news.incarnation, news.life);
    const changed = member.announcement !== announcement;
    member.announcement = announcement;
    if (!fresh) {
      this.#parts.events.alive(announcement);
      return true;
    }
    member.incarnation = news.incarnation;
    member.life = news.life;
    const before = member.state;
    member.state = 'alive';
    member.changedAt = Math.round(clock.now());
    this.#suspects.delete(member);
    if (member.gone) table.enter(member);
    // One half of a cut network comes back together.
    if (before === 'dead') this.#parts.behind(teller);
    this.#parts.spread(news);
    if (changed || !known || before !== 'alive') this.#parts.events.alive(announcement);
    return true;
  }

  #takeSuspect(news: News): boolean {
    const { table, clock } = this.#parts;
    const member = table.get(news.instance);
    if (!member || member.gone || isNewer(member, news)) return false;
    const accuser = news.accuser ?? 0;
    const own = accuser === this.#hash;
    if (member.state === 'suspect' && !isNewer(news, member)) {
      if (!this.#suspects.confirm(member, accuser)) return false;
    } else {
      member.incarnation = news.incarnation;
      member.life = news.life;
      member.state = 'suspect';
      member.changedAt = Math.round(clock.now());
      this.#suspects.add(member, accuser, table.live.length + 1, PERIOD_MS);
      this.#parts.suspicions.add();
      this.#parts.events.suspected(member.announcement!, 'did not answer probes');
      if (!own && this.#parts.random() * table.live.length < CHECKERS) this.#parts.check(member);
    }
    this.#parts.spread(news);
    return true;
  }

  #takeGone(news: News, { way }: Source): boolean {
    const { table, clock } = this.#parts;
    const known = table.get(news.instance);
    if (known && (known.gone ? !isNewer(news, known) : isNewer(known, news))) return false;
    if (known && !known.gone && news.kind === 'dead' && way === 'state') {
      this.#parts.dispute(known, news);
      return false;
    }
    const member = known ?? new Member(news.instance, undefined, news.incarnation, news.life);
    member.incarnation = news.incarnation;
    member.life = news.life;
    if (!member.gone) {
      this.#remove(member, news, 'did not answer probes');
      return true;
    }
    // We did not know that it was there: remembered only, so that old news does not bring it.
    member.state = news.kind as 'dead' | 'left';
    member.changedAt = Math.round(clock.now()) - 1_000 * (news.ageS ?? 0);
    table.retire(member);
    if (way === 'told') this.#parts.spread(news);
    return true;
  }

  #remove(member: Member, news: News, because: string): void {
    const { table, clock, events } = this.#parts;
    member.state = news.kind as 'dead' | 'left';
    member.changedAt = Math.round(clock.now()) - 1_000 * (news.ageS ?? 0);
    this.#suspects.delete(member);
    table.retire(member);
    this.#parts.spread(news);
    if (member.state === 'left') events.left(member.announcement!);
    else events.dead(member.announcement!, because);
  }

  /** Contradicts what is not so. */
  #takeOfSelf(news: News, { asker }: Source): boolean {
    if (this.#leaving) return false;
    const own = this.#version();
    if (news.kind === 'alive' ? !isNewer(news, own) : isNewer(own, news)) {
      // Whoever accuses us for an older version has missed our answer.
      if (news.kind !== 'alive' && asker) this.#parts.answer(asker);
      return false;
    }
    // After a goodbye only a new incarnation is believed.
    if (news.incarnation > own.incarnation || news.kind === 'left' || news.life >= MAX_LIFE) {
      this.#parts.outbid(news.incarnation);
    } else {
      this.#life = news.life + 1;
      this.#parts.spread({ ...this.ofSelf(), body: undefined });
    }
    this.#parts.refuted();
    if (asker) this.#parts.answer(asker);
    return true;
  }

  #expire(member: Member, { startedAt, accusers }: Suspicion): void {
    const silentS = ((this.#parts.clock.now() - startedAt) / 1_000).toFixed(1);
    const noticed = `${accusers} ${accusers === 1 ? 'member' : 'members'} noticed`;
    this.#remove(member, this.#of(member, 'dead'), `did not answer probes for ${silentS} s; ${noticed}`);
  }

  #of(member: Member, kind: 'suspect' | 'dead'): News {
    const { instance, incarnation, life } = member;
    return { kind: member.state === 'left' ? 'left' : kind, instance, incarnation, life };
  }

  #version(): { incarnation: number; life: number } {
    return { incarnation: this.#parts.self().incarnation, life: this.#life };
  }
}

/** So many, about, check a new suspect themselves. */
const CHECKERS = 5;
const TOLD: Source = { way: 'told' };
/** As many as 32 bits tell. */
const MAX_LIFE = 2 ** 32 - 2;
