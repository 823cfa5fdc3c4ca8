/** A node of ZRE: hears beacons, connects to each peer and is connected to by each, says HELLO, keeps sequences and
 * timers. It trusts nobody: whatever a peer sends, the worst that happens is that this peer is dropped, counted, and
 * met anew at its next beacon.
 *
 * - A peer is asked for a sign of life after EVASIVE_MS of silence and dropped after EXPIRED_MS, at once when one of its
 *   connections closes, when it skips a sequence number, or when it does not read what we send.
 * - We connect only to where a beacon or a HELLO came from, never to an address that a message merely names; and who
 *   has said HELLO keeps its name against all others that do not come from its address.
 * - Bounds: peers and newcomers by zre-newcomers.ts, connections to us by zre-door.ts; 1 MiB per message, ROOM_BYTES for all
 *   messages that are not complete. */
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { type Clock, GoblinError, type Timer } from '@goblin/core';
import { MAX_PACKED_BYTES } from './sleuth-message.ts';
import { type SharedRoom, ZmtpConnection } from './zmtp-connection.ts';
import type { BeaconSignal, RunningBeacon, ZreBeacon } from './zre-beacon.ts';
import { decodeZre, type Hello, ZreViolation } from './zre-codec.ts';
import { ZreDoor } from './zre-door.ts';
import { Newcomers } from './zre-newcomers.ts';
import { ZrePeer } from './zre-peer.ts';

const BEACON_MS = 1_000;
const SWEEP_MS = 500;
/** As zyre has them. gyre gives others up after 5 s; our beacon of each second is in time for that. */
const EVASIVE_MS = 5_000;
const EXPIRED_MS = 30_000;
/** How long a node that stops waits for others to take what it said last. */
const FLUSH_MS = 500;
const ROOM_BYTES = 64 * 1_048_576;
const LIMITS = { maxFrames: 64, maxMessageBytes: MAX_PACKED_BYTES + 65_536 };
const UUID_BYTES = 16;
const IDENTITY_PREFIX = 1;

export interface ZreNodeOptions {
  /** Our address, which others reach. */
  readonly host: string;
  /** What it says of itself in HELLO. Its name is its uuid: Sleuth takes who has the same name for the same peer. */
  headers(uuid: string): ReadonlyMap<string, string>;
  readonly group: string;
  readonly beacon: ZreBeacon;
  readonly clock: Clock;
  /** A peer has said HELLO and can be spoken to. */
  entered(peer: ZrePeer): void;
  /** It is leaving or gone, and should not be asked any more. May be told twice. */
  left(peer: ZrePeer): void;
  /** Nothing comes from it any more. */
  gone(peer: ZrePeer, because: string): void;
  /** A promise holds the sender back until it settles; it must not reject. */
  whispered(peer: ZrePeer, content: Uint8Array): Promise<void> | void;
  /** Something was not as it must be. @param what one of few sentences */
  ignored(what: Ignored, detail: string): void;
}

/** Why something that came was ignored, or a peer dropped. */
export type Ignored = 'violation' | 'counter' | 'full' | 'slow' | 'elsewhere';

export interface ZreNode {
  readonly uuid: string;
  readonly port: number;
  readonly peers: Iterable<ZrePeer>;
  /** Whether it is on its way; a peer that does not read is dropped. */
  whisper(peer: ZrePeer, content: Uint8Array): boolean;
  /** Says goodbye to all; answers can still come and go. */
  leave(): Promise<void>;
  /** Closes everything. */
  close(): Promise<void>;
}

/** @throws the error of the socket that cannot be opened */
export async function startZreNode(options: ZreNodeOptions): Promise<ZreNode> {
  const node = new RunningNode(options);
  await node.start();
  return node;
}

class RunningNode implements ZreNode {
  readonly uuid: string = randomBytes(UUID_BYTES).toString('hex').toUpperCase();
  port = 0;
  readonly #options: ZreNodeOptions;
  readonly #identity: Buffer;
  readonly #peers = new Map<string, ZrePeer>();
  /** Whose the connections to us are that have introduced themselves. */
  readonly #owners = new WeakMap<ZmtpConnection, ZrePeer>();
  readonly #room: SharedRoom = { usedBytes: 0, maxBytes: ROOM_BYTES };
  readonly #door: ZreDoor;
  readonly #newcomers = new Newcomers();
  readonly #timers: Timer[] = [];
  #beacon: RunningBeacon | undefined;
  /** How often we joined or left. */
  #status = 1;
  #hasLeft = false;

  constructor(options: ZreNodeOptions) {
    this.#options = options;
    this.#identity = Buffer.concat([Buffer.of(IDENTITY_PREFIX), Buffer.from(this.uuid, 'hex')]);
    this.#door = new ZreDoor({
      clock: options.clock,
      ignored: options.ignored,
      connection: {
        ...this.#shared('ROUTER'),
        take: (from, frames) => this.#take(from, frames),
        closed: (from, because) => this.#closed(from, because),
      },
    });
  }

  get peers(): Iterable<ZrePeer> {
    return this.#peers.values();
  }

  async start(): Promise<void> {
    const { clock, host, beacon } = this.#options;
    this.port = await this.#door.listen(host);
    try {
      this.#beacon = await beacon.start((signal, address) => this.#heardBeacon(signal, address));
    } catch (error) {
      await this.#door.close();
      throw error;
    }
    this.#timers.push(
      clock.every(BEACON_MS, () => this.#say()),
      clock.every(SWEEP_MS, () => this.#sweep()),
    );
    this.#say();
  }

  whisper(peer: ZrePeer, content: Uint8Array): boolean {
    if (this.#peers.get(peer.uuid) !== peer) return false;
    if (peer.send({ kind: 'whisper', content })) return true;
    this.#ignore('slow', peer, 'it does not read what we send');
    this.#drop(peer, 'it did not read what we sent');
    return false;
  }

  async leave(): Promise<void> {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    for (const timer of this.#timers.splice(0)) timer.cancel();
    this.#status += 1;
    for (const peer of this.#peers.values())
      peer.send({ kind: 'leave', group: this.#options.group, status: this.#status });
    await this.#beacon?.say({ uuid: this.uuid, port: 0 });
  }

  async close(): Promise<void> {
    await this.leave();
    this.#beacon?.close();
    this.#door.shut();
    await this.#flush();
    for (const peer of this.#peers.values()) this.#drop(peer, 'we stopped');
    await this.#door.close();
  }

  /** What was said last should arrive before the connections by which we hear are cut. */
  async #flush(): Promise<void> {
    const ended = [...this.#peers.values()].map(({ outgoing }) => outgoing?.isReady && outgoing.end());
    let timer: Timer | undefined;
    const late = new Promise<void>((resolve) => {
      timer = this.#options.clock.after(FLUSH_MS, resolve);
    });
    await Promise.race([Promise.all(ended), late]);
    timer?.cancel();
  }

  #say(): void {
    this.#newcomers.nextSecond();
    void this.#beacon?.say({ uuid: this.uuid, port: this.port });
  }

  #heardBeacon({ uuid, port }: BeaconSignal, address: string): void {
    if (uuid === this.uuid || this.#hasLeft) return;
    const peer = this.#peers.get(uuid);
    // A beacon proves nothing, least of all when it speaks of somebody from elsewhere.
    if (peer && peer.address !== address) return;
    if (port === 0) {
      if (peer?.departure === 'none') this.#departs(peer, 'beacon');
      return;
    }
    if (!peer) this.#meet(uuid, address, port);
    else {
      peer.heard(this.#options.clock.now());
      if (peer.departure === 'beacon') this.#announce(peer);
    }
  }

  /** Connects to a peer and says HELLO; undefined when there is no room for it. */
  #meet(uuid: string, address: string, port: number): ZrePeer | undefined {
    const { clock, host, headers, group } = this.#options;
    if (!this.#newcomers.admit(address, this.#peers)) {
      this.#options.ignored('full', `no room for ${uuid} at ${address}`);
      return undefined;
    }
    const peer = new ZrePeer(uuid, address, port, clock.now());
    this.#peers.set(uuid, peer);
    peer.outgoing = new ZmtpConnection(
      connect({ host: address, port, localAddress: host }),
      {
        ...this.#shared('DEALER'),
        ready: () => queueMicrotask(() => this.#announce(peer)),
        take: () => {},
        closed: (_, because) => {
          this.#complain(address, because);
          this.#drop(peer, because?.message ?? 'it closed our connection');
        },
      },
      address,
    );
    peer.send({
      kind: 'hello',
      endpoint: `tcp://${host}:${this.port}`,
      groups: [group],
      status: this.#status,
      name: this.uuid,
      headers: headers(this.uuid),
    });
    return peer;
  }

  #shared(socketType: 'DEALER' | 'ROUTER') {
    const identity = socketType === 'DEALER' ? this.#identity : Buffer.alloc(0);
    return { socketType, identity, limits: LIMITS, room: this.#room, clock: this.#options.clock } as const;
  }

  #closed(connection: ZmtpConnection, because: Error | undefined): void {
    const peer = this.#owners.get(connection);
    this.#door.closed(connection);
    this.#complain(connection.address, because);
    if (peer?.incoming === connection) this.#drop(peer, because?.message ?? 'it closed its connection');
  }

  #take(connection: ZmtpConnection, frames: readonly Buffer[]): Promise<void> | void {
    const sequenced = decodeZre(frames);
    const peer = this.#owners.get(connection) ?? this.#introduced(connection, sequenced);
    if (!peer) return connection.destroy();
    peer.heard(this.#options.clock.now());
    const { message } = sequenced;
    if (message?.kind === 'hello' && peer.incoming !== connection) {
      peer.greet(message, sequenced.sequence, connection);
      this.#owners.set(connection, peer);
      this.#door.introduced(connection);
      this.#announce(peer);
      return;
    }
    peer.follow(sequenced);
    switch (message?.kind) {
      case 'ping':
        peer.send({ kind: 'pingOk' });
        return;
      case 'whisper':
        return this.#options.whispered(peer, message.content);
      case 'join':
      case 'leave':
        this.#regrouped(peer, message.kind, message.group, message.status);
    }
  }

  /** Whose HELLO this is: a peer that we met by its beacon, or a new one. */
  #introduced(connection: ZmtpConnection, { message }: ReturnType<typeof decodeZre>): ZrePeer | undefined {
    const { identity, address } = connection;
    if (identity.length !== UUID_BYTES + 1 || identity[0] !== IDENTITY_PREFIX)
      throw new ZreViolation(`an identity of ${identity.length} bytes`);
    if (message?.kind !== 'hello') throw new ZreViolation('something else where HELLO must come');
    const uuid = identity.toString('hex', 1).toUpperCase();
    if (uuid === this.uuid || this.#hasLeft) return undefined;
    const known = this.#peers.get(uuid);
    const port = portOf(message);
    if (!known) return this.#meet(uuid, address, port);
    // A machine may send its beacons from one of its addresses and connect from another: then the port tells.
    const isTheSame = known.incoming
      ? address === known.address || address === known.incoming.address
      : address === known.address || port === known.port;
    if (!isTheSame) {
      this.#options.ignored('elsewhere', `${address} says that it is ${uuid} of ${known.address}`);
      return undefined;
    }
    if (!known.incoming) return known;
    this.#drop(known, 'it lost us and began anew');
    return this.#meet(uuid, address, port);
  }

  #regrouped(peer: ZrePeer, kind: 'join' | 'leave', group: string, status: number): void {
    if (!peer.regroup(kind, group, status))
      this.#ignore('counter', peer, `${kind.toUpperCase()} with the counter ${status}`);
    if (group !== this.#options.group) return;
    if (kind === 'leave') this.#departs(peer, 'left');
    else this.#announce(peer);
  }

  #announce(peer: ZrePeer): void {
    if (!peer.isReady || this.#peers.get(peer.uuid) !== peer) return;
    peer.departure = 'none';
    this.#options.entered(peer);
  }

  #departs(peer: ZrePeer, departure: 'beacon' | 'left'): void {
    peer.departure = departure;
    this.#options.left(peer);
  }

  #drop(peer: ZrePeer, because: string): void {
    if (this.#peers.get(peer.uuid) !== peer) return;
    this.#peers.delete(peer.uuid);
    peer.outgoing?.destroy();
    peer.incoming?.destroy();
    this.#options.left(peer);
    this.#options.gone(peer, because);
  }

  #complain(address: string, because: Error | undefined): void {
    if (because instanceof GoblinError) this.#options.ignored('violation', `${address}: ${because.message}`);
  }

  #ignore(what: Ignored, peer: ZrePeer, detail: string): void {
    this.#options.ignored(what, `${peer.uuid} at ${peer.address}: ${detail}`);
  }

  #sweep(): void {
    const now = this.#options.clock.now();
    for (const peer of this.#peers.values()) {
      const silentMs = now - peer.heardAt;
      if (peer.outgoing?.isOverdue(now)) this.#drop(peer, 'it did not answer our greeting');
      else if (silentMs > EXPIRED_MS) this.#drop(peer, `it was silent for ${EXPIRED_MS / 1_000} s`);
      else if (silentMs > EVASIVE_MS && !peer.wasPinged) peer.wasPinged = peer.send({ kind: 'ping' });
    }
    this.#door.sweep(now);
  }
}

/** The host of the endpoint is not looked at: we go to where the HELLO came from. */
function portOf({ endpoint }: Hello): number {
  const port = Number(/^tcp:\/\/.+:(\d{1,5})$/.exec(endpoint)?.[1]);
  if (port >= 1 && port <= 65_535) return port;
  throw new ZreViolation(`the endpoint ${JSON.stringify(endpoint)}`);
}
