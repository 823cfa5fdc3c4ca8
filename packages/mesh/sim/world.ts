/** A network of processes that run the production membership over a virtual clock: thousands of them in one process, the
 * same in each run with the same seed.
 *
 * The model: a datagram takes 0.3 to 2 ms and is lost by chance; TCP repeats what is lost (1 s for the first packet,
 * 0.2 s for others); a crashed process refuses connections at once, a silent host answers nothing; a paused process
 * finds its late timers before what arrived, of which its socket's buffer has kept the first datagrams; a partition lets
 * nothing through. Nothing is really encrypted, but the bytes of the seal, of UDP, TCP and HTTP are counted. */
import { type Clock, eventQueue, type Logger, type Metrics, type Timer } from '@goblin/core';
import { seededRandom } from '../src/balance/testing/seeded-random.ts';
import { SEAL_BYTES } from '../src/discovery/cluster-key.ts';
import type { ClusterKey } from '../src/discovery/finder.ts';
import { createMembership, type Membership, type MembershipEvents } from '../src/membership/membership.ts';
import { EXCHANGE_TIMEOUT_MS, type MembershipNetwork } from '../src/membership/network.ts';
import type { Announcement, Endpoint } from '../src/peer.ts';

const MIN_LATENCY_MS = 0.3;
const MAX_LATENCY_MS = 2;
const CONNECT_RETRY_MS = 1_000;
const RETRANSMIT_MS = 200;
const SOCKET_BUFFER_DATAGRAMS = 256;
const UDP_HEADER_BYTES = 28;
/** Handshake, headers of HTTP, acknowledgements and the end. */
const TCP_OVERHEAD_BYTES = 900;
const PORT = 7_946;
const EPOCH_MS = Date.UTC(2026, 0, 1);

export type HostState = 'up' | 'crashed' | 'silent' | 'paused';

/** What a node has found out about another. */
export interface Observation {
  readonly observer: SimNode;
  readonly subject: string;
  readonly kind: 'alive' | 'suspected' | 'dead' | 'left';
  readonly at: number;
}

export class SimNode {
  readonly index: number;
  readonly host: string;
  readonly announcement: Announcement;
  membership!: Membership;
  state: HostState = 'up';
  /** Parts of a network that is cut have different numbers. */
  part = 0;
  sentBytes = 0;
  sentDatagrams = 0;
  /** What could not happen while it was paused. */
  readonly lateTimers: (() => void)[] = [];
  readonly buffer: (() => void)[] = [];

  constructor(index: number) {
    this.index = index;
    this.host = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
    this.announcement = {
      instance: `service-${index % 40}-${(index * 7_919 + 65_536).toString(16)}`,
      service: `service-${index % 40}`,
      version: '1.4.2',
      contracts: [`service-${index % 40}.v1`],
      address: { host: this.host, port: 8_080 },
      gossip: { host: this.host, port: PORT },
      state: 'ready',
      incarnation: EPOCH_MS,
      startedAt: EPOCH_MS,
      zone: `zone-${index % 3}`,
    };
  }
}

export interface WorldOptions {
  readonly seed: number;
  /** Share of packets that are lost. */
  readonly loss?: number;
  /** Told of everything that nodes find out. */
  observe?(observation: Observation): void;
}

export class World {
  readonly random: () => number;
  readonly nodes: SimNode[] = [];
  loss: number;
  now = 0;
  readonly #queue = eventQueue();
  readonly #byHost = new Map<string, SimNode>();
  readonly #observe: (observation: Observation) => void;

  constructor({ seed, loss = 0, observe = () => {} }: WorldOptions) {
    this.random = seededRandom(seed);
    this.loss = loss;
    this.#observe = observe;
  }

  /** Starts so many more processes that know each other already. */
  populate(count: number): void {
    const nodes = Array.from({ length: count }, () => this.#make());
    const known = nodes.map((node) => node.announcement);
    for (const node of nodes) this.#start(node, known);
  }

  /** Starts one that knows nobody. */
  newcomer(): SimNode {
    const node = this.#make();
    this.#start(node, []);
    return node;
  }

  at(time: number, run: () => void): Timer {
    const event = this.#queue.add(Math.max(this.now, time), run);
    return {
      cancel: () => {
        event.cancelled = true;
      },
    };
  }

  /** Lets time pass, until the condition holds if there is one. */
  run(forMs: number, until: () => boolean = () => false): boolean {
    const end = this.now + forMs;
    for (let event = this.#queue.take(end); event; event = this.#queue.take(end)) {
      this.now = event.at;
      event.run();
      if (until()) return true;
    }
    this.now = end;
    return until();
  }

  /** Its process ends without a word; its machine stays. Those who were connected to it notice at once. */
  crash(node: SimNode, connected: readonly SimNode[]): void {
    node.state = 'crashed';
    node.membership.close();
    const { instance } = node.announcement;
    for (const caller of connected) {
      this.at(this.now + this.latency(), () => {
        if (caller.state === 'up') caller.membership.suspect(instance, 'the connection was closed');
      });
    }
  }

  /** Its machine is gone: nobody is told. */
  silence(node: SimNode): void {
    node.state = 'silent';
    node.membership.close();
  }

  leave(node: SimNode): void {
    node.membership.leave();
    node.state = 'crashed';
  }

  pause(node: SimNode): void {
    node.state = 'paused';
  }

  /** Timers first, then what has arrived, as an event loop does. */
  resume(node: SimNode): void {
    node.state = 'up';
    for (const timer of node.lateTimers.splice(0)) timer();
    for (const datagram of node.buffer.splice(0)) datagram();
  }

  latency(): number {
    return MIN_LATENCY_MS + this.random() * (MAX_LATENCY_MS - MIN_LATENCY_MS);
  }

  #make(): SimNode {
    const node = new SimNode(this.nodes.length);
    this.nodes.push(node);
    this.#byHost.set(node.host, node);
    return node;
  }

  #start(node: SimNode, known: readonly Announcement[]): void {
    const observe = (kind: Observation['kind'], subject: Announcement): void =>
      this.#observe({ observer: node, subject: subject.instance, kind, at: this.now });
    const events: MembershipEvents = {
      alive: (subject) => observe('alive', subject),
      suspected: (subject) => observe('suspected', subject),
      dead: (subject) => observe('dead', subject),
      left: (subject) => observe('left', subject),
    };
    let self = node.announcement;
    node.membership = createMembership({
      network: this.#networkOf(node),
      clusterKey: NO_CIPHER,
      clock: this.#clockOf(node),
      log: QUIET,
      metrics: UNCOUNTED,
      events,
      random: this.random,
      known,
      self: () => self,
      outbid: (incarnation) => {
        self = { ...self, incarnation: incarnation + 1 };
        node.membership.announced();
      },
    });
  }

  #clockOf(node: SimNode): Clock {
    const after = (delayMs: number, callback: () => void): Timer =>
      this.at(this.now + delayMs, function run(): void {
        if (node.state === 'up') callback();
        else if (node.state === 'paused') node.lateTimers.push(run);
      });
    return {
      now: () => this.now,
      wall: () => EPOCH_MS + Math.floor(this.now),
      after,
      every(periodMs, callback) {
        let timer = after(periodMs, function again(): void {
          timer = after(periodMs, again);
          callback();
        });
        return { cancel: () => timer.cancel() };
      },
    };
  }

  #networkOf(node: SimNode): MembershipNetwork {
    const from: Endpoint = { host: node.host, port: PORT };
    return {
      send: (to, datagram) => {
        node.sentBytes += datagram.length + SEAL_BYTES + UDP_HEADER_BYTES;
        node.sentDatagrams++;
        if (this.random() < this.loss) return;
        const target = this.#byHost.get(to.host);
        if (!target || target.part !== node.part) return;
        const deliver = (): void => {
          if (target.state === 'up') target.membership.receive(datagram, from);
          else if (target.state === 'paused' && target.buffer.length < SOCKET_BUFFER_DATAGRAMS) {
            target.buffer.push(deliver);
          }
        };
        this.at(this.now + this.latency(), deliver);
      },
      exchange: (to, body, done) => this.#exchange(node, to, body, done),
    };
  }

  #exchange(
    node: SimNode,
    to: Endpoint,
    body: Uint8Array,
    done: Parameters<MembershipNetwork['exchange']>[2],
  ): void {
    const target = this.#byHost.get(to.host);
    const began = this.now;
    let settled = false;
    const settle = (...outcome: Parameters<typeof done>): void => {
      if (settled) return;
      settled = true;
      if (node.state === 'up') done(...outcome);
    };
    this.at(began + EXCHANGE_TIMEOUT_MS, () =>
      settle(undefined, { reason: 'no answer in time', refused: false }),
    );
    if (!target || target.part !== node.part || target.state === 'silent') return;
    const connectedAt = began + this.#reliably(CONNECT_RETRY_MS);
    if (target.state === 'crashed') {
      this.at(connectedAt, () => settle(undefined, { reason: 'connection refused', refused: true }));
      return;
    }
    node.sentBytes += body.length + SEAL_BYTES + TCP_OVERHEAD_BYTES;
    const deliver = (): void => {
      if (target.state === 'paused') target.buffer.push(deliver);
      if (target.state !== 'up') return;
      const answer = target.membership.answer(body);
      target.sentBytes += (answer?.length ?? 0) + SEAL_BYTES + TCP_OVERHEAD_BYTES;
      this.at(this.now + this.#reliably(RETRANSMIT_MS), () => settle(answer, undefined));
    };
    this.at(connectedAt + this.#reliably(RETRANSMIT_MS), deliver);
  }

  /** How long something takes to get through that is sent again each time it is lost. */
  #reliably(againMs: number): number {
    let takes = this.latency();
    while (this.random() < this.loss) takes += againMs;
    return takes;
  }
}

const NO_CIPHER: ClusterKey = {
  cluster: 'simulated',
  seal: (plain) => Uint8Array.prototype.slice.call(plain),
  open: (sealed) => sealed,
};

const nothing = (): void => {};
const QUIET = { warn: nothing, error: nothing, info: nothing, debug: nothing } as unknown as Logger;
const SERIES = { add: nothing, set: nothing, record: nothing };
const FAMILY = { with: () => SERIES };
const UNCOUNTED = {
  counter: () => FAMILY,
  gauge: () => FAMILY,
  histogram: () => FAMILY,
  observe: () => ({ [Symbol.dispose]: nothing }),
} as unknown as Metrics;
