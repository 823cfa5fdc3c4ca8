/** A network of processes that run the production membership over a virtual clock: thousands of them in one process,
 * the same in each run with the same seed.
 *
 * The model: a datagram takes 0.3 to 2 ms and is lost by chance; TCP repeats what is lost (1 s for the first
 * packet, 0.2 s for others); a crashed process refuses connections at once, a silent host answers nothing; a paused
 * process finds its late timers before what arrived, of which its socket's buffer has kept the first datagrams; a
 * partition lets nothing through. Nothing is really encrypted, but the bytes of the seal, of UDP, TCP and HTTP are
 * counted. */
import { type Clock, eventQueue, type Timer } from '@goblin/core';
import { seededRandom } from '../../src/balance/testing/seeded-random.ts';
import { SEAL_BYTES } from '../../src/discovery/cluster-key.ts';
import type { MembershipEvents } from '../../src/membership/membership.ts';
import { EXCHANGE_TIMEOUT_MS, type MembershipNetwork } from '../../src/membership/network.ts';
import type { Announcement, Endpoint } from '../../src/peer.ts';
import { productionNode } from './production-node.ts';
import {
  type Cluster,
  EPOCH_MS,
  type HostState,
  type NodeParts,
  type Observation,
  PORT,
  type SimNetwork,
  SimNode,
} from './sim-node.ts';

const MIN_LATENCY_MS = 0.3;
const MAX_LATENCY_MS = 2;
const CONNECT_RETRY_MS = 1_000;
const RETRANSMIT_MS = 200;
const SOCKET_BUFFER_DATAGRAMS = 256;
const UDP_HEADER_BYTES = 28;
/** Handshake, headers of HTTP, acknowledgements and the end. */
const TCP_OVERHEAD_BYTES = 900;

export interface WorldOptions {
  readonly seed: number;
  /** Default: the production membership. */
  readonly node?: (parts: NodeParts) => Cluster;
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
  #up = 0;
  readonly #makeCluster: (parts: NodeParts) => Cluster;
  readonly #observe: (observation: Observation) => void;

  constructor({ seed, node = productionNode, loss = 0, observe = () => {} }: WorldOptions) {
    this.random = seededRandom(seed);
    this.loss = loss;
    this.#makeCluster = node;
    this.#observe = observe;
  }

  /** How many run. */
  get upCount(): number {
    return this.#up;
  }

  /** Starts so many more processes that know each other already. */
  populate(count: number, changes?: Partial<Announcement>): void {
    const nodes = Array.from({ length: count }, () => this.#make(changes));
    const known = nodes.map((node) => node.announcement);
    for (const node of nodes) this.#start(node, known);
  }

  /** Starts one that knows nobody. */
  newcomer(changes: Partial<Announcement> = {}): SimNode {
    const node = this.#make(changes);
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
    this.#stop(node, 'crashed');
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
    this.#stop(node, 'silent');
    node.membership.close();
  }

  leave(node: SimNode): void {
    node.membership.leave();
    this.#stop(node, 'crashed');
  }

  pause(node: SimNode): void {
    this.#stop(node, 'paused');
  }

  /** Timers first, then what has arrived, as an event loop does. */
  resume(node: SimNode): void {
    node.state = 'up';
    node.upSince = this.now;
    this.#up++;
    for (const timer of node.lateTimers.splice(0)) timer();
    for (const datagram of node.buffer.splice(0)) datagram();
  }

  #stop(node: SimNode, state: HostState): void {
    node.state = state;
    this.#up--;
  }

  latency(): number {
    return MIN_LATENCY_MS + this.random() * (MAX_LATENCY_MS - MIN_LATENCY_MS);
  }

  #make(changes?: Partial<Announcement>): SimNode {
    const node = new SimNode(this.nodes.length, changes);
    node.upSince = this.now;
    this.nodes.push(node);
    this.#up++;
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
    node.membership = this.#makeCluster({
      network: this.#networkOf(node),
      clock: this.#clockOf(node),
      events,
      known,
      random: this.random,
      self: () => node.announcement,
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

  #networkOf(node: SimNode): SimNetwork {
    const from: Endpoint = { host: node.host, port: PORT };
    return {
      send: (to, datagram) => {
        node.sentBytes += datagram.length + SEAL_BYTES + UDP_HEADER_BYTES;
        if (this.random() < this.loss) return;
        const target = this.#byHost.get(to.host);
        if (!target || target.part !== node.part) return;
        const deliver = (): void => {
          target.receivedBytes += datagram.length + SEAL_BYTES + UDP_HEADER_BYTES;
          if (target.state === 'up') target.membership.receive(datagram, from);
          else if (target.state === 'paused' && target.buffer.length < SOCKET_BUFFER_DATAGRAMS) {
            target.buffer.push(deliver);
          }
        };
        this.at(this.now + this.latency(), deliver);
      },
      exchange: (to, body, done) => this.#exchange(node, to, body, done),
      multicast: (bytes, deliver) => {
        node.sentBytes += bytes + UDP_HEADER_BYTES;
        this.at(this.now + this.latency(), () => {
          for (const target of this.nodes) {
            if (target === node || target.state !== 'up' || target.part !== node.part) continue;
            if (this.loss > 0 && this.random() < this.loss) continue;
            target.receivedBytes += bytes + UDP_HEADER_BYTES;
            deliver(target.membership);
          }
        });
      },
      announcementAt: (host) => this.#byHost.get(host)?.announcement,
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
    target.receivedBytes += body.length + SEAL_BYTES + TCP_OVERHEAD_BYTES;
    const deliver = (): void => {
      if (target.state === 'paused') target.buffer.push(deliver);
      if (target.state !== 'up') return;
      const answer = target.membership.answer(body);
      const answerBytes = (answer?.length ?? 0) + SEAL_BYTES + TCP_OVERHEAD_BYTES;
      target.sentBytes += answerBytes;
      node.receivedBytes += answerBytes;
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
