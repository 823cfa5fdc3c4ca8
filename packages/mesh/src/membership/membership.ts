/** Who is in the cluster, without any server: SWIM (Das, Gupta, Motivala 2002) with Lifeguard (arXiv 1707.00788), as
 * memberlist and Serf have made it known. Each member probes one other per half second (prober.ts), what it finds
 * out spreads by gossip on all its datagrams (news-queue.ts), whoever is accused wrongly contradicts (roster.ts),
 * and members compare notes over TCP (resync.ts). The load on a member is the same however many there are.
 *
 * Those who have gone without goodbye are pinged now and then, so that two halves of a cut network find each other
 * when it heals. What is not sealed with the cluster's key, is older than 30 s or is no message changes nothing and
 * is counted; a message that is repeated says nothing new. At most MAX_PEERS are members. Everything goes by the
 * injected clock, network and random source. */
import type { Clock, Logger, Metrics } from '@goblin/core';
import { createComplaints } from '../discovery/complaints.ts';
import { MAX_PEERS } from '../discovery/directory.ts';
import type { ClusterKey } from '../discovery/finder.ts';
import { MAX_SKEW_MS } from '../discovery/replay-guard.ts';
import { tokenBucket } from '../discovery/token-bucket.ts';
import { type Announcement, type Endpoint, hostAndPort } from '../peer.ts';
import { type Datagram, MAX_DATAGRAM_BYTES, MAX_PLAIN_BYTES, readDatagram } from './datagram.ts';
import { instanceHash } from './instance-hash.ts';
import { localHealth } from './local-health.ts';
import { MemberTable } from './member-table.ts';
import {
  EXCHANGE_REFUSED,
  MAX_OPENED_PER_SECOND,
  membershipCounters,
  OUTCOMES,
  type Outcome,
  observeMembers,
} from './membership-metrics.ts';
import type { MembershipNetwork } from './network.ts';
import { aliveNews, type News } from './news.ts';
import { NewsQueue } from './news-queue.ts';
import { Post } from './post.ts';
import { Prober } from './prober.ts';
import { punctualTimers } from './punctual-timers.ts';
import { type ContactFailure, Resync } from './resync.ts';
import { type MembershipEvents, Roster, type Source } from './roster.ts';

export type { ContactFailure, MembershipEvents };

const GOSSIP_MS = 100;
/** News that comes to one who has none waits this long at most, for more to travel with it. */
const GOSSIP_SOON_MS = 20;
const FANOUT = 3;
/** A goodbye is said to so many; they pass it on. */
const GOODBYES = 8;
/** As often, one who has gone without goodbye is pinged by somebody. */
const REVIVAL_MS = 1_000;
/** When two halves of a cut network meet, they dispute about everybody. */
const MAX_DISPUTES_PER_SECOND = 50;
/** What every datagram carries at most besides news. */
const MAX_QUESTION_BYTES = 160;

export interface MembershipOptions {
  readonly network: MembershipNetwork;
  readonly clusterKey: ClusterKey;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly events: MembershipEvents;
  /** From 0 up to 1. */
  random(): number;
  /** What we say of ourselves now, `gossip` included. */
  self(): Announcement;
  /** Another life of our name went on to this incarnation: announce a higher one. */
  outbid(incarnation: number): void;
  /** Whether this one can be a member of ours. Default: each. */
  welcome?(newcomer: Announcement): boolean;
  /** Whether datagrams from there can be of a member. Default: from anywhere. */
  hears?(from: Endpoint): boolean;
  /** Who is there already, as all know: a simulator need not begin with everybody's joining. */
  readonly known?: Iterable<Announcement>;
}

export interface Membership {
  /** How many there are, suspects and ourselves included. */
  readonly size: number;
  /** Whether it is there, suspects included. */
  has(instance: string): boolean;
  /** Whether a member that is there listens for calls at this address. */
  listensAt(address: Endpoint): boolean;
  /** Takes a datagram from the network. */
  receive(datagram: Uint8Array, from: Endpoint): void;
  /** Answers what came over TCP; undefined when it is not from a member. */
  answer(body: Uint8Array): Uint8Array | undefined;
  /** A finder heard this one itself. */
  found(announcement: Announcement): void;
  /** A finder has an address where a member may listen: gets to know it and all it knows. */
  contact(address: Endpoint, done: (who: string | undefined, failure: ContactFailure) => void): void;
  /** Somebody could not connect to it: finds out now whether it is there. */
  suspect(instance: string, because: string): void;
  /** What we say of ourselves has changed, its incarnation too. */
  announced(): void;
  /** Says goodbye. Close the network only after. */
  leave(): void;
  /** Stops without a word. */
  close(): void;
}

export function createMembership(options: MembershipOptions): Membership {
  const { network, clusterKey, clock, log, metrics, random, events } = options;
  const { instance } = options.self();
  const ownHash = instanceHash(instance);
  const table = new MemberTable(random);
  const queue = new NewsQueue();
  const health = localHealth();
  const complaints = createComplaints(clock, log, 'membership');
  const opening = tokenBucket(clock, MAX_OPENED_PER_SECOND);
  const disputing = tokenBucket(clock, MAX_DISPUTES_PER_SECOND);
  const counters = membershipCounters(metrics);
  const members = (): number => table.live.length + 1;
  let gossiping = false;
  let closed = false;

  const later = punctualTimers(clock, (byMs) => {
    roster.excuse(byMs);
    prober.abandon();
    health.worsen();
    resync.soon();
  });

  const post = new Post({ network, clusterKey, clock, queue, sentBytes: counters.sentBytes, members });
  const roster = new Roster({
    table,
    clock,
    later,
    events,
    self: options.self,
    outbid: options.outbid,
    welcome(newcomer) {
      if (options.welcome && !options.welcome(newcomer)) return false;
      if (members() < MAX_PEERS || table.get(newcomer.instance)?.gone === false) return true;
      complaints.about(`full with ${MAX_PEERS} members, new ones are refused`);
      return false;
    },
    spread,
    refuted() {
      counters.refutations.add();
      health.worsen();
    },
    answer: (asker) => post.send(asker, { kind: 'gossip', sender: instance }, roster.ofSelf()),
    dispute(member, accusation) {
      if (!disputing.take()) return;
      if (member.gone) prober.challenge(member);
      else prober.hint(member, 'another member takes it for dead', accusation);
    },
    check: (suspect) => prober.check(suspect),
    random,
    remind: (member) => prober.challenge(member),
    behind: (teller) => resync.soon(teller),
    suspicions: counters.suspicions,
  });
  const resync = new Resync({
    table,
    roster,
    network,
    clusterKey,
    clock,
    metrics,
    random,
    later,
    self: options.self,
  });
  const prober = new Prober({
    self: instance,
    table,
    health,
    post,
    random,
    later,
    accusationOf: (member) => roster.accusationOf(member),
    askOverTcp: (member, done) => resync.probe(member, done),
    cleared: (member) => member.state === 'alive' && events.alive(member.announcement!),
    accuse: (member) => roster.accuse(member),
    bury: (member, because) => roster.bury(member, because),
  });

  function spread(news: News): void {
    queue.add(news, MAX_PLAIN_BYTES - MAX_QUESTION_BYTES);
    if (!gossiping) later(random() * GOSSIP_SOON_MS, gossip);
    gossiping = true;
  }

  function gossip(): void {
    for (const { announcement } of table.pick(FANOUT, () => true)) {
      if (queue.size > 0) post.send(announcement!.gossip!, { kind: 'gossip', sender: instance });
    }
    gossiping = queue.size > 0;
    if (gossiping) later(GOSSIP_MS, gossip);
  }

  /** Each who has gone without goodbye is pinged about once per REVIVAL_MS by all members together. */
  function revive(): void {
    later(REVIVAL_MS * (0.5 + random()), revive);
    table.purge(clock.now());
    const dead = [...table.gone].filter((member) => member.state === 'dead' && member.announcement);
    if (random() * members() >= dead.length) return;
    prober.challenge(dead[Math.floor(random() * dead.length)]!);
  }

  function take(datagram: Uint8Array, from: Endpoint): Outcome {
    if (options.hears?.(from) === false) return 'foreign';
    if (!opening.take()) return 'dropped';
    const plain = datagram.length > MAX_DATAGRAM_BYTES ? undefined : clusterKey.open(datagram);
    if (!plain) return 'unreadable';
    const message = readDatagram(plain);
    if (!message) return 'malformed';
    if (Math.abs(clock.wall() - message.sentAt) > MAX_SKEW_MS) return 'stale';
    answer(message, from);
    const { question } = message;
    const source: Source = {
      way: 'told',
      // Only who asks is answered: gossip that answers gossip would never end.
      asker: question.kind === 'ping' ? from : undefined,
      teller: 'sender' in question ? question.sender : undefined,
    };
    for (const news of message.news) roster.take(news, source);
    return 'accepted';
  }

  function answer({ question }: Datagram, from: Endpoint): void {
    switch (question.kind) {
      case 'ping':
        if (question.target === ownHash) answerPing(question, from);
        break;
      case 'ack':
        prober.ack(question.sequence);
        if (question.introduce) post.send(from, { kind: 'gossip', sender: instance }, roster.ofSelf());
        break;
      case 'ping-req':
        prober.relay(from, question);
        break;
      case 'nack':
        prober.nack(question.sequence);
    }
  }

  /** Whoever pings us may not know what is said of him. */
  function answerPing({ sequence, sender }: Datagram['question'] & { kind: 'ping' }, from: Endpoint): void {
    const member = table.get(sender);
    const introduce = !member?.announcement;
    post.send(from, { kind: 'ack', sequence, introduce }, member && roster.accusationOf(member));
  }

  for (const announcement of options.known ?? []) roster.remember(announcement);
  later(REVIVAL_MS * random(), revive);
  prober.start();
  resync.start();
  const observing = observeMembers(metrics, table, health);

  function close(): void {
    closed = true;
    prober.stop();
    resync.stop();
    later[Symbol.dispose]();
    observing[Symbol.dispose]();
    complaints.close();
  }

  return {
    get size() {
      return members();
    },
    has: (name) => table.get(name)?.gone === false,
    listensAt({ host, port }) {
      return table.live.some(
        ({ announcement }) => announcement?.address?.host === host && announcement.address.port === port,
      );
    },
    receive(datagram, from) {
      if (closed) return;
      const outcome = take(datagram, from);
      counters.outcomes[outcome].add();
      const trouble = OUTCOMES[outcome];
      if (trouble) complaints.about(trouble, { from: hostAndPort(from) });
    },
    answer(body) {
      if (closed) return undefined;
      const answer = resync.answer(body);
      if (!answer) complaints.about(EXCHANGE_REFUSED);
      return answer;
    },
    found(announcement) {
      const alone = table.live.length === 0;
      roster.take(aliveNews(announcement), { way: 'told' });
      const member = table.get(announcement.instance);
      if (member?.gone && member.announcement) prober.challenge(member);
      if (alone) resync.soon();
    },
    contact: (address, done) => resync.contact(address, done),
    suspect(name, because) {
      const member = table.get(name);
      if (member) prober.hint(member, because);
    },
    announced: () => roster.announced(),
    leave() {
      if (closed) return;
      const goodbye = roster.leave();
      for (const { announcement } of table.pick(GOODBYES, ({ state }) => state === 'alive')) {
        post.send(announcement!.gossip!, { kind: 'gossip', sender: instance }, goodbye);
      }
      close();
    },
    close,
  };
}
