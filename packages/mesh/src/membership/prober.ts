/** Finds out who does not answer any more (SWIM, with Lifeguard's remedies).
 *
 * Each PERIOD_MS one member is pinged. When its ack does not come within TIMEOUT_MS, HELPERS others are asked to
 * ping it for us and it is asked over TCP, because datagrams alone may be what is lost; when nothing came by the
 * end of the period, it is accused. Helpers that get no ack either say so (nack): who does not even hear his
 * helpers takes the blame himself and slows down (local-health.ts).
 *
 * A hint, such as a connection that broke, has its member probed at once in all three ways. When all is silent and
 * nobody listens where it listened, its process has surely ended, and it is buried without waiting. */
import type { Endpoint } from '../peer.ts';
import type { Datagram } from './datagram.ts';
import type { LocalHealth } from './local-health.ts';
import type { Member, MemberTable } from './member-table.ts';
import type { News } from './news.ts';
import type { Post } from './post.ts';
import type { Later } from './punctual-timers.ts';

export const PERIOD_MS = 500;
const TIMEOUT_MS = 200;
/** How long a probe that a hint asked for may take. */
const URGENT_MS = 300;
const HELPERS = 3;
/** Probes that hints asked for; more hints than that are left to the rounds. */
const MAX_URGENT = 64;
/** Pings that we do for others at a time. */
const MAX_RELAYS = 1_000;
const JITTER = 0.1;

/** What came of asking over TCP. `refused`: nobody listens there. `other`: another instance does. */
export type TcpFinding = 'here' | 'refused' | 'other' | 'silent';

export interface ProberParts {
  readonly self: string;
  readonly table: MemberTable;
  readonly health: LocalHealth;
  readonly post: Post;
  readonly random: () => number;
  readonly later: Later;
  /** What a suspect must be told of itself (Lifeguard's buddy system). */
  accusationOf(member: Member): News | undefined;
  askOverTcp(member: Member, done: (finding: TcpFinding) => void): void;
  /** It answered though there was a hint that it has ended. */
  cleared(member: Member): void;
  /** It did not answer. */
  accuse(member: Member): void;
  /** It has surely ended. */
  bury(member: Member, because: string): void;
}

interface Probe {
  readonly member: Member;
  readonly hint: string | undefined;
  helpers: number;
  nacks: number;
  tcp: TcpFinding;
  stop: () => void;
}

interface Relay {
  readonly asker: Endpoint;
  readonly sequence: number;
  readonly stop: () => void;
}

export class Prober {
  readonly #parts: ProberParts;
  readonly #probes = new Map<number, Probe>();
  readonly #urgent = new Set<Member>();
  readonly #relays = new Map<number, Relay>();
  #sequence: number;
  #stopTicking = (): void => {};

  constructor(parts: ProberParts) {
    this.#parts = parts;
    this.#sequence = Math.floor(parts.random() * 2 ** 32);
  }

  start(): void {
    this.#tickAfter(PERIOD_MS * this.#parts.random());
  }

  stop(): void {
    this.#stopTicking();
    this.abandon();
    for (const relay of this.#relays.values()) relay.stop();
    this.#relays.clear();
  }

  /** Forgets what is under way: we were not awake to hear the answers. */
  abandon(): void {
    for (const probe of this.#probes.values()) probe.stop();
    this.#probes.clear();
    this.#urgent.clear();
  }

  /** Somebody has a reason to believe that it has ended: finds out now.
   * @param accusation what it is to be told that is said of it. */
  hint(member: Member, because: string, accusation?: News): void {
    if (member.gone || this.#urgent.has(member) || this.#urgent.size >= MAX_URGENT) return;
    this.#urgent.add(member);
    const [probe, sequence] = this.#ping(member, because, accusation);
    this.#askOthers(probe, sequence);
    const urgentMs = this.#parts.health.stretched(URGENT_MS);
    this.#stageAfter(probe, sequence, urgentMs, () => this.#conclude(probe, sequence));
  }

  ack(sequence: number): void {
    const probe = this.#probes.get(sequence);
    if (probe) {
      this.#end(probe, sequence);
      this.#parts.health.improve();
      if (probe.hint !== undefined) this.#parts.cleared(probe.member);
      return;
    }
    const relay = this.#relays.get(sequence);
    if (!relay) return;
    this.#endRelay(sequence, relay);
    this.#parts.post.send(relay.asker, { kind: 'ack', sequence: relay.sequence, introduce: false });
  }

  nack(sequence: number): void {
    const probe = this.#probes.get(sequence);
    if (probe) probe.nacks++;
  }

  /** Pings somebody for another member. */
  relay(asker: Endpoint, { sequence, target }: Datagram['question'] & { kind: 'ping-req' }): void {
    const { table, post, later } = this.#parts;
    const member = table.get(target);
    const nack = (): void => post.send(asker, { kind: 'nack', sequence });
    if (!member?.announcement?.gossip || this.#relays.size >= MAX_RELAYS) return nack();
    const own = this.#nextSequence();
    const stop = later(TIMEOUT_MS, () => {
      this.#relays.delete(own);
      nack();
    });
    this.#relays.set(own, { asker, sequence, stop });
    this.#sendPing(member, own);
  }

  /** Probes it now, besides the rounds. */
  check(member: Member): void {
    this.#probe(member);
  }

  /** A ping whose answer nobody waits for: it tells one who was taken for gone what is said of him. */
  challenge(member: Member): void {
    this.#sendPing(member, this.#nextSequence());
  }

  #tickAfter(delayMs: number): void {
    this.#stopTicking = this.#parts.later(delayMs, () => {
      const { health, table, random } = this.#parts;
      this.#tickAfter(health.stretched(PERIOD_MS) * (1 + JITTER * (2 * random() - 1)));
      const member = table.next();
      if (member) this.#probe(member);
    });
  }

  #probe(member: Member): void {
    const { health } = this.#parts;
    const [probe, sequence] = this.#ping(member);
    this.#stageAfter(probe, sequence, health.stretched(TIMEOUT_MS), () => {
      this.#askOthers(probe, sequence);
      const rest = health.stretched(PERIOD_MS - TIMEOUT_MS);
      this.#stageAfter(probe, sequence, rest, () => this.#conclude(probe, sequence));
    });
  }

  #ping(member: Member, hint?: string, accusation?: News): [Probe, number] {
    const sequence = this.#nextSequence();
    const probe: Probe = { member, hint, helpers: 0, nacks: 0, tcp: 'silent', stop: () => {} };
    this.#probes.set(sequence, probe);
    this.#sendPing(member, sequence, accusation);
    return [probe, sequence];
  }

  #sendPing(member: Member, sequence: number, accusation = this.#parts.accusationOf(member)): void {
    const to = member.announcement?.gossip;
    if (!to) return;
    const { post, self } = this.#parts;
    post.send(to, { kind: 'ping', sequence, target: member.hash, sender: self }, accusation);
  }

  #askOthers(probe: Probe, sequence: number): void {
    const { table, post } = this.#parts;
    const { member } = probe;
    const helpers = table.pick(HELPERS, (one) => one !== member && one.state === 'alive');
    probe.helpers = helpers.length;
    for (const helper of helpers) {
      post.send(helper.announcement!.gossip!, { kind: 'ping-req', sequence, target: member.instance });
    }
    if (!member.announcement?.address) return;
    this.#parts.askOverTcp(member, (finding) => {
      if (this.#probes.get(sequence) !== probe) return;
      probe.tcp = finding;
      if (finding === 'here') this.ack(sequence);
    });
  }

  #conclude(probe: Probe, sequence: number): void {
    const { member, hint, helpers, nacks, tcp } = probe;
    const { health } = this.#parts;
    this.#end(probe, sequence);
    if (member.gone) return;
    if (tcp === 'refused' || tcp === 'other') {
      this.#parts.bury(member, hint ?? 'its process has ended');
      return;
    }
    health.worsen(helpers > 0 ? helpers - nacks : 1);
    this.#parts.accuse(member);
  }

  #stageAfter(probe: Probe, sequence: number, delayMs: number, run: () => void): void {
    probe.stop = this.#parts.later(delayMs, () => {
      if (this.#probes.get(sequence) === probe) run();
    });
  }

  #end(probe: Probe, sequence: number): void {
    probe.stop();
    this.#probes.delete(sequence);
    if (probe.hint !== undefined) this.#urgent.delete(probe.member);
  }

  #endRelay(sequence: number, relay: Relay): void {
    relay.stop();
    this.#relays.delete(sequence);
  }

  #nextSequence(): number {
    this.#sequence = (this.#sequence + 1) >>> 0;
    return this.#sequence;
  }
}
