/** One peer as a ZRE node knows it: the connection we speak on, the one it speaks on, and what it said of itself. Its
 * messages must come in sequence, HELLO first; ours go in sequence by themselves. */

import type { ZmtpConnection } from './zmtp-connection.ts';
import type { Hello, SequencedMessage, ZreMessage } from './zre-codec.ts';
import { encodeZre, ZreViolation } from './zre-codec.ts';

const SEQUENCES = 65_536;
const STATUSES = 256;
const MAX_GROUPS = 64;

export class ZrePeer {
  /** 32 upper-case hex digits. */
  readonly uuid: string;
  /** Where we speak to it. */
  readonly address: string;
  readonly port: number;
  /** Ours to it. Set right after it is made. */
  outgoing: ZmtpConnection | undefined;
  /** Its to us, once it said HELLO. */
  incoming: ZmtpConnection | undefined;
  name = '';
  headers: ReadonlyMap<string, string> = new Map();
  readonly groups = new Set<string>();
  /** It said that it leaves, by a beacon or by LEAVE: it is not asked any more, but may still answer. A beacon, which
   * proves nothing, is made good by the next one that says otherwise. */
  departure: 'none' | 'beacon' | 'left' = 'none';
  /** On the node's clock. */
  heardAt: number;
  /** Whether it was asked for a sign of life since then. */
  wasPinged = false;
  #status = 0;
  #sent = 0;
  #received = 0;

  constructor(uuid: string, address: string, port: number, now: number) {
    this.uuid = uuid;
    this.address = address;
    this.port = port;
    this.heardAt = now;
  }

  /** Both have said HELLO, and we can speak to it. */
  get isReady(): boolean {
    return this.incoming !== undefined && this.outgoing?.isReady === true;
  }

  /** Whether the message is on its way. When not, the sequence is as it was. */
  send(message: ZreMessage): boolean {
    const sequence = (this.#sent + 1) % SEQUENCES;
    if (!this.outgoing?.send(encodeZre(message, sequence))) return false;
    this.#sent = sequence;
    return true;
  }

  heard(now: number): void {
    this.heardAt = now;
    this.wasPinged = false;
  }

  /** It has introduced itself by this connection. */
  greet(hello: Hello, sequence: number, incoming: ZmtpConnection): void {
    if (sequence !== 1) throw new ZreViolation(`HELLO with sequence ${sequence}; it must be 1`);
    this.#received = sequence;
    this.incoming = incoming;
    this.name = hello.name;
    this.headers = hello.headers;
    this.#status = hello.status;
    this.groups.clear();
    for (const group of hello.groups) this.groups.add(group);
  }

  /** @throws ZreViolation when messages were lost, or HELLO comes again */
  follow({ sequence, message }: SequencedMessage): void {
    const expected = (this.#received + 1) % SEQUENCES;
    if (sequence !== expected) throw new ZreViolation(`sequence ${sequence} where ${expected} must come`);
    this.#received = sequence;
    if (message?.kind === 'hello') throw new ZreViolation('HELLO for a second time');
  }

  /** Takes a JOIN or LEAVE. Whether its counter was as it must be; we go on by the peer's in any case.
   * @throws ZreViolation when it is in too many groups */
  regroup(kind: 'join' | 'leave', group: string, status: number): boolean {
    const expected = (this.#status + 1) % STATUSES;
    this.#status = status;
    if (kind === 'leave') this.groups.delete(group);
    else this.groups.add(group);
    if (this.groups.size > MAX_GROUPS) throw new ZreViolation(`more than ${MAX_GROUPS} groups`);
    return status === expected;
  }
}
