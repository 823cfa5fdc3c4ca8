/** Makes sure that all know the same in the end, whatever was lost on the way: now and then, and soon again while
 * there were differences, a member compares its digest with another's over TCP, takes in what it lacks (pull) and
 * gives what the other lacks (push), those who have gone included. It is also how a newcomer gets to know
 * everybody. One exchange at a time; one that fails is counted, and the next goes to somebody else. */
import type { Clock, Counter, Metrics } from '@goblin/core';
import type { ClusterKey } from '../discovery/finder.ts';
import type { Announcement, Endpoint } from '../peer.ts';
import { BUCKETS, bucketOf, type Digest, digestOf } from './digest.ts';
import { ExchangeDoor } from './exchange-door.ts';
import { type ExchangeMessage, MAX_NEWS_BYTES } from './exchange-message.ts';
import { instanceHash } from './instance-hash.ts';
import { Member, type MemberTable } from './member-table.ts';
import type { MembershipNetwork } from './network.ts';
import { aliveNews, isNewer, type News, newsBytes } from './news.ts';
import type { TcpFinding } from './prober.ts';
import type { Later } from './punctual-timers.ts';
import type { Roster } from './roster.ts';

const PERIOD_MS = 30_000;
const SOON_MS = 1_500;
const JITTER = 0.3;
/** Whoever has gone longer ago is not talked of any more, though remembered for longer: so nobody's memory of it
 * is renewed by another's. */
const TOLD_OF_GONE_MS = 300_000;

export interface ResyncParts {
  readonly table: MemberTable;
  readonly roster: Roster;
  readonly network: MembershipNetwork;
  readonly clusterKey: ClusterKey;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly random: () => number;
  readonly later: Later;
  self(): Announcement;
}

/** Why a contact did not work, for the log; undefined when it did. */
export type ContactFailure = string | undefined;

export class Resync {
  readonly #parts: ResyncParts;
  readonly #door: ExchangeDoor;
  readonly #exchanges: ReturnType<Metrics['counter']>;
  readonly #refused: Counter;
  #cancelNext = (): void => {};
  #nextAt = Number.POSITIVE_INFINITY;
  #running = false;
  /** There were differences in the exchange that runs. */
  #again = false;
  #teller: string | undefined;
  #stopped = false;

  constructor(parts: ResyncParts) {
    this.#parts = parts;
    this.#door = new ExchangeDoor(parts);
    this.#exchanges = parts.metrics.counter('mesh_resyncs_total', {
      help: 'Resynchronisations with another member: same, changed, failed.',
      labels: ['outcome'],
    });
    this.#refused = parts.metrics
      .counter('mesh_exchange_refused_total', {
        help: 'Requests to exchange peers that were not from a peer of ours.',
      })
      .with();
  }

  start(): void {
    this.#plan(PERIOD_MS);
  }

  stop(): void {
    this.#stopped = true;
    this.#door.close();
    this.#cancelNext();
  }

  /** There may be differences.
   * @param teller who surely knows what we do not. */
  soon(teller?: string): void {
    this.#teller ??= teller;
    if (this.#running) this.#again = true;
    else this.#plan(SOON_MS);
  }

  /** Resynchronises with whoever listens there. `done` is told who that is. */
  contact(to: Endpoint, done: (who: string | undefined, failure: ContactFailure) => void): void {
    const { roster } = this.#parts;
    const pull = { kind: 'pull', digest: this.#digest(), news: [roster.ofSelf()] } as const;
    this.#door.ask(to, pull, (answer) => {
      if (!('kind' in answer) || answer.kind !== 'state') {
        this.#exchanges.with('failed').add();
        done(undefined, 'reason' in answer ? answer.reason : 'it answered something else');
        return;
      }
      const changed = answer.news.filter((news) => roster.take(news, { way: 'state' })).length;
      const lacking = this.#lacking(answer);
      const isSame = changed + lacking.length === 0;
      this.#exchanges.with(isSame ? 'same' : 'changed').add();
      if (lacking.length > 0) this.#door.ask(to, { kind: 'push', news: lacking }, () => {});
      if (!isSame) this.soon();
      done(answer.news[0]?.instance, undefined);
    });
  }

  /** Asks over TCP whether it is there. */
  probe(member: Member, done: (finding: TcpFinding) => void): void {
    this.#door.ask(member.announcement!.address!, { kind: 'probe', target: member.hash }, (answer) => {
      if ('refused' in answer) done(answer.refused ? 'refused' : 'silent');
      else done(answer.kind === 'here' || answer.kind === 'other' ? answer.kind : 'silent');
    });
  }

  /** Answers what another one asked over TCP; undefined when it is none of us. */
  answer(body: Uint8Array): Uint8Array | undefined {
    const answer = this.#door.answer(body, (asked) => this.#answerTo(asked));
    if (!answer) this.#refused.add();
    return answer;
  }

  #answerTo(asked: ExchangeMessage): ExchangeMessage | undefined {
    const { roster, self } = this.#parts;
    switch (asked.kind) {
      case 'probe':
        return { kind: asked.target === instanceHash(self().instance) ? 'here' : 'other' };
      case 'pull':
        for (const news of asked.news) roster.take(news, { way: 'told' });
        return this.#stateAgainst(asked.digest);
      case 'push':
        for (const news of asked.news) roster.take(news, { way: 'state' });
        return { kind: 'taken' };
      default:
        return undefined;
    }
  }

  #plan(delayMs: number): void {
    const { clock, random, later } = this.#parts;
    const at = clock.now() + delayMs * (1 + JITTER * (2 * random() - 1));
    if (this.#stopped || at >= this.#nextAt) return;
    this.#cancelNext();
    this.#nextAt = at;
    this.#cancelNext = later(at - clock.now(), () => this.#run());
  }

  #run(): void {
    this.#nextAt = Number.POSITIVE_INFINITY;
    const partner = this.#partner();
    if (!partner) return this.#plan(PERIOD_MS);
    this.#running = true;
    this.#again = false;
    this.contact(partner.announcement!.address!, () => {
      this.#running = false;
      this.#plan(this.#again ? SOON_MS : PERIOD_MS);
    });
  }

  #partner(): Member | undefined {
    const { table } = this.#parts;
    const canBeAsked = (one: Member): boolean =>
      one.state === 'alive' && one.announcement?.address !== undefined;
    const teller = this.#teller === undefined ? undefined : table.get(this.#teller);
    this.#teller = undefined;
    return teller && canBeAsked(teller) ? teller : table.pick(1, canBeAsked)[0];
  }

  /** Those we talk of: ourselves, those there are, and those who went not long ago. */
  *#told(): Iterable<Member> {
    const { table, roster, clock, self } = this.#parts;
    const { instance, incarnation } = self();
    const own = new Member(instance, self(), incarnation, roster.life);
    // It stands in no order of probes, but it is there.
    own.slot = 0;
    yield own;
    const now = clock.now();
    for (const member of table.all()) {
      if (!member.gone || now - member.changedAt < TOLD_OF_GONE_MS) yield member;
    }
  }

  #digest(): Digest {
    return digestOf(this.#told());
  }

  /** All we know in the buckets where the other knows something else, or as many of them as fit, beginning at any.
   * Ourselves first, so that the other learns whom it asked. */
  #stateAgainst(theirs: Digest): ExchangeMessage {
    const { random, roster } = this.#parts;
    const ours = this.#digest();
    const differs = (bucket: number): boolean => ours.versions[bucket] !== theirs.versions[bucket];
    const byBucket = new Map<number, News[]>();
    for (const member of this.#told()) {
      const bucket = bucketOf(member.hash);
      if (!differs(bucket)) continue;
      const all = byBucket.get(bucket) ?? [];
      byBucket.set(bucket, all);
      const news = this.#newsOf(member);
      const isAnnounced = ours.announcements[bucket] === theirs.announcements[bucket];
      all.push(isAnnounced ? { ...news, body: undefined } : news);
    }
    const news = [roster.ofSelf()];
    const buckets = new Set<number>();
    let room = MAX_NEWS_BYTES - newsBytes(news[0]!);
    const first = Math.floor(random() * BUCKETS);
    for (let i = 0; i < BUCKETS; i++) {
      const bucket = (first + i) % BUCKETS;
      if (!differs(bucket)) continue;
      const all = byBucket.get(bucket) ?? [];
      room -= all.reduce((sum, one) => sum + newsBytes(one), 0);
      if (room < 0) break;
      buckets.add(bucket);
      news.push(...all);
    }
    return { kind: 'state', buckets, news };
  }

  /** What the other does not know in the buckets it told us. */
  #lacking({ buckets, news }: ExchangeMessage & { kind: 'state' }): News[] {
    const theirs = new Map(news.map((one) => [one.instance, one]));
    const lacking: News[] = [];
    let room = MAX_NEWS_BYTES;
    for (const member of this.#told()) {
      if (!buckets.has(bucketOf(member.hash))) continue;
      const known = theirs.get(member.instance);
      if (known && !isNewer(member, known) && !(member.gone && !isGone(known))) continue;
      const told = this.#newsOf(member);
      const one = known?.incarnation === told.incarnation ? { ...told, body: undefined } : told;
      room -= newsBytes(one);
      if (room < 0) break;
      lacking.push(one);
    }
    return lacking;
  }

  #newsOf(member: Member): News {
    const { clock } = this.#parts;
    const { instance, incarnation, life } = member;
    if (!member.gone) {
      const { announcement } = member;
      return aliveNews(announcement!, announcement!.incarnation === incarnation ? life : 0);
    }
    const ageS = Math.round((clock.now() - member.changedAt) / 1_000);
    return { kind: member.state as 'dead' | 'left', instance, incarnation, life, ageS };
  }
}

function isGone({ kind }: News): boolean {
  return kind === 'dead' || kind === 'left';
}
