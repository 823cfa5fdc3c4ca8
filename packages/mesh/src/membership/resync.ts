/** Makes sure that all know the same in the end, whatever was lost on the way: now and then, and soon again while there were
 * differences, a member compares its digest with another's over TCP, takes in what it lacks (pull) and gives what the
 * other lacks (push), those who have gone included. It is also how a newcomer gets to know everybody. One exchange at
 * a time; one that fails is counted, and the next goes to somebody else. */
import type { Clock, Metrics } from '@goblin/core';
import type { ClusterKey } from '../discovery/finder.ts';
import { MAX_SKEW_MS } from '../discovery/replay-guard.ts';
import type { Announcement, Endpoint } from '../peer.ts';
import { bucketOf, type Digest, digestOf } from './digest.ts';
import {
  type ExchangeMessage,
  MAX_EXCHANGE_BYTES,
  MAX_NEWS_BYTES,
  readExchange,
  type Stamped,
  writeExchange,
} from './exchange-message.ts';
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
  readonly #count: (outcome: string) => void;
  readonly #refused: () => void;
  #cancelNext = (): void => {};
  #nextAt = Number.POSITIVE_INFINITY;
  #running = false;
  #stopped = false;

  constructor(parts: ResyncParts) {
    this.#parts = parts;
    const exchanges = parts.metrics.counter('mesh_resyncs_total', {
      help: 'Resynchronisations with another member: same, changed, failed.',
      labels: ['outcome'],
    });
    this.#count = (outcome) => exchanges.with(outcome).add();
    const refused = parts.metrics
      .counter('mesh_exchange_refused_total', {
        help: 'Requests to exchange peers that were not from a peer of ours.',
      })
      .with();
    this.#refused = () => refused.add();
  }

  start(): void {
    this.#plan(PERIOD_MS);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelNext();
  }

  /** There may be differences. */
  soon(): void {
    if (!this.#running) this.#plan(SOON_MS);
  }

  /** Resynchronises with whoever listens there. `done` is told who that is. */
  contact(to: Endpoint, done: (who: string | undefined, failure: ContactFailure) => void): void {
    const { roster } = this.#parts;
    const pull = { kind: 'pull', digest: this.#digest(), news: [roster.ofSelf()] } as const;
    this.#ask(to, pull, (answer, failure) => {
      if (answer?.kind !== 'state') {
        this.#count('failed');
        done(undefined, failure ?? 'its answer is not sealed with our key');
        return;
      }
      const changed = answer.news.filter((news) => roster.take(news, { way: 'state' })).length;
      const lacking = this.#lacking(answer);
      this.#count(changed + lacking.length > 0 ? 'changed' : 'same');
      if (lacking.length > 0) this.#ask(to, { kind: 'push', news: lacking }, () => {});
      if (changed + lacking.length > 0) this.soon();
      done(answer.news[0]?.instance, undefined);
    });
  }

  /** Asks over TCP whether it is there. */
  probe(member: Member, done: (finding: TcpFinding) => void): void {
    this.#ask(member.announcement!.address!, { kind: 'probe', target: member.hash }, (answer, _, refused) => {
      if (answer?.kind === 'here' || answer?.kind === 'other') done(answer.kind);
      else done(refused ? 'refused' : 'silent');
    });
  }

  /** Answers what another one asked over TCP; undefined when it is none of us. */
  answer(body: Uint8Array): Uint8Array | undefined {
    const asked = this.#open(body);
    const answer = asked && this.#answerTo(asked);
    if (answer) return this.#seal(answer, asked.nonce);
    this.#refused();
    return undefined;
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
    const { table } = this.#parts;
    this.#nextAt = Number.POSITIVE_INFINITY;
    const [partner] = table.pick(
      1,
      (one) => one.state === 'alive' && one.announcement?.address !== undefined,
    );
    if (!partner) return this.#plan(PERIOD_MS);
    this.#running = true;
    this.contact(partner.announcement!.address!, () => {
      this.#running = false;
      this.#plan(PERIOD_MS);
    });
  }

  /** Those we talk of: ourselves, those there are, and those who went not long ago. */
  *#told(): Iterable<Member> {
    const { table, roster, clock, self } = this.#parts;
    const { instance, incarnation } = self();
    const own = new Member(instance, self(), incarnation, roster.life);
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
    const byBucket = new Map<number, News[]>();
    for (const member of this.#told()) {
      const bucket = bucketOf(member.hash);
      if (ours[bucket] === theirs[bucket]) continue;
      const news = byBucket.get(bucket) ?? [];
      byBucket.set(bucket, news);
      news.push(this.#newsOf(member));
    }
    const news = [roster.ofSelf()];
    const buckets = new Set<number>();
    let room = MAX_NEWS_BYTES - newsBytes(news[0]!);
    const first = Math.floor(random() * ours.length);
    for (let i = 0; i < ours.length; i++) {
      const bucket = (first + i) % ours.length;
      if (ours[bucket] === theirs[bucket]) continue;
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
      const one = this.#newsOf(member);
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

  #ask(
    to: Endpoint,
    message: ExchangeMessage,
    done: (
      answer: Stamped<ExchangeMessage> | undefined,
      failure: string | undefined,
      refused: boolean,
    ) => void,
  ): void {
    const nonce = Math.floor(this.#parts.random() * 2 ** 32);
    this.#parts.network.exchange(to, this.#seal(message, nonce), (body, failure) => {
      if (this.#stopped) return;
      const answer = body && this.#open(body);
      done(answer?.nonce === nonce ? answer : undefined, failure?.reason, failure?.refused ?? false);
    });
  }

  #seal(message: ExchangeMessage, nonce: number): Uint8Array {
    const { clusterKey, clock } = this.#parts;
    return clusterKey.seal(writeExchange({ ...message, sentAt: clock.wall(), nonce }));
  }

  #open(body: Uint8Array): Stamped<ExchangeMessage> | undefined {
    const { clusterKey, clock } = this.#parts;
    if (body.length > MAX_EXCHANGE_BYTES) return undefined;
    const plain = clusterKey.open(body);
    const message = plain && readExchange(plain);
    return message && Math.abs(clock.wall() - message.sentAt) <= MAX_SKEW_MS ? message : undefined;
  }
}

function isGone({ kind }: News): boolean {
  return kind === 'dead' || kind === 'left';
}
