/** The bytes of ZMTP 3.0 with the NULL mechanism (https://rfc.zeromq.org/spec/23/), as ZRE needs them: greeting, READY,
 * frames. Every length is checked before anything is held for it, and what is held grows with what has come, so
 * that a stranger can neither crash the reader nor make it reserve memory. */
import { GoblinError } from '@goblin/core';

/** What ends a connection because its other end does not keep to the protocol. Nothing else is harmed. */
export class ZmtpViolation extends GoblinError {
  constructor(what: string) {
    super('MALFORMED_REQUEST', { message: `this is not ZMTP: ${what}` });
  }
}

const GREETING_BYTES = 64;
const MECHANISM = Buffer.from('NULL'.padEnd(20, '\0'));
const MECHANISM_AT = 12;
const MIN_MAJOR_VERSION = 3;

const MORE = 1;
const LONG = 2;
const COMMAND = 4;
const SHORT_HEAD_BYTES = 2;
const LONG_HEAD_BYTES = 9;
const MAX_SHORT_LENGTH = 255;
const MAX_COMMAND_BYTES = 4_096;
/** Of an identity (RFC 23). */
const MAX_IDENTITY_BYTES = 255;

/** The first room for what is not complete yet, and the most that is kept once it is. */
const ROOM_BYTES = 4_096;
const MAX_IDLE_ROOM_BYTES = 65_536;

export type SocketType = 'DEALER' | 'ROUTER';

/** What each end says first: version 3.0, NULL, neither is the server. */
export function encodeGreeting(): Buffer {
  const bytes = Buffer.alloc(GREETING_BYTES);
  bytes[0] = 0xff;
  bytes[9] = 0x7f;
  bytes[10] = MIN_MAJOR_VERSION;
  MECHANISM.copy(bytes, MECHANISM_AT);
  return bytes;
}

/** What each end says next: who it is. */
export function encodeReady(socketType: SocketType, identity: Uint8Array): Buffer {
  const body = Buffer.concat([
    Buffer.from('\x05READY'),
    property('Socket-Type', Buffer.from(socketType)),
    property('Identity', identity),
  ]);
  return Buffer.concat([Buffer.of(COMMAND, body.length), body]);
}

function property(name: string, value: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(value.length);
  return Buffer.concat([Buffer.of(name.length), Buffer.from(name), length, value]);
}

/** A message of one frame or more. */
export function encodeMessage(frames: readonly Uint8Array[]): Buffer {
  const pieces: Uint8Array[] = [];
  for (const [index, frame] of frames.entries()) {
    pieces.push(frameHead(index < frames.length - 1 ? MORE : 0, frame.length), frame);
  }
  return Buffer.concat(pieces);
}

function frameHead(flags: number, length: number): Buffer {
  if (length <= MAX_SHORT_LENGTH) return Buffer.of(flags, length);
  const head = Buffer.alloc(LONG_HEAD_BYTES);
  head[0] = flags | LONG;
  head.writeBigUInt64BE(BigInt(length), 1);
  return head;
}

export interface ZmtpLimits {
  /** Frames of one message. */
  readonly maxFrames: number;
  /** Bytes of one message, all its frames together. */
  readonly maxMessageBytes: number;
}

/** What has come whole: who is there (once, first of all), then messages. */
export type ZmtpEvent =
  | { readonly kind: 'ready'; readonly socketType: string; readonly identity: Buffer }
  | { readonly kind: 'message'; readonly frames: readonly Buffer[] };

export class ZmtpReader {
  readonly #limits: ZmtpLimits;
  #state: 'greeting' | 'handshake' | 'traffic' = 'greeting';
  #room: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;
  #frames: Buffer[] = [];
  #frameBytes = 0;

  constructor(limits: ZmtpLimits) {
    this.#limits = limits;
  }

  /** Whether something has begun to come and is not complete. */
  get isMidway(): boolean {
    return this.#end > this.#start || this.#frames.length > 0;
  }

  /** Memory in use for what is not complete. */
  get heldBytes(): number {
    return this.#room.length + this.#frameBytes;
  }

  push(chunk: Uint8Array): void {
    const held = this.#end - this.#start;
    const needed = held + chunk.length;
    if (this.#end + chunk.length > this.#room.length) {
      const room =
        needed <= this.#room.length / 2
          ? this.#room
          : Buffer.allocUnsafe(Math.max(needed, this.#room.length * 2, ROOM_BYTES));
      this.#room.copy(room, 0, this.#start, this.#end);
      this.#room = room;
      this.#start = 0;
    }
    this.#room.set(chunk, this.#start + held);
    this.#end = this.#start + needed;
  }

  /** The next event that is complete; undefined when more bytes must come. @throws ZmtpViolation */
  next(): ZmtpEvent | undefined {
    if (this.#state === 'greeting' && !this.#readGreeting()) return undefined;
    for (let frame = this.#takeFrame(); frame; frame = this.#takeFrame()) {
      const event = frame.flags & COMMAND ? this.#command(frame.body) : this.#frame(frame.flags, frame.body);
      if (event) return event;
    }
    return undefined;
  }

  /** A stranger of another protocol is noticed by its first byte, not after its first 64. */
  #readGreeting(): boolean {
    const held = this.#end - this.#start;
    const at = (index: number): number => this.#room[this.#start + index]!;
    if (held > 0 && at(0) !== 0xff) throw new ZmtpViolation('the greeting does not begin with FF');
    if (held > 9 && (at(9) & 1) === 0) throw new ZmtpViolation('the signature does not end in 7F');
    if (held > 10 && at(10) < MIN_MAJOR_VERSION)
      throw new ZmtpViolation(`version ${at(10)}; it must be 3 or newer`);
    if (held < GREETING_BYTES) return false;
    const greeting = this.#take(GREETING_BYTES);
    if (!greeting.subarray(MECHANISM_AT, MECHANISM_AT + MECHANISM.length).equals(MECHANISM))
      throw new ZmtpViolation('the mechanism is not NULL');
    this.#state = 'handshake';
    return true;
  }

  #takeFrame(): { readonly flags: number; readonly body: Buffer } | undefined {
    const held = this.#end - this.#start;
    if (held < SHORT_HEAD_BYTES) return undefined;
    const flags = this.#room[this.#start]!;
    if (flags > (MORE | LONG | COMMAND) || (flags & COMMAND && flags & MORE))
      throw new ZmtpViolation(`a frame with flags ${flags}`);
    const isLong = (flags & LONG) !== 0;
    const headBytes = isLong ? LONG_HEAD_BYTES : SHORT_HEAD_BYTES;
    if (held < headBytes) return undefined;
    const length = isLong
      ? Number(this.#room.readBigUInt64BE(this.#start + 1))
      : this.#room[this.#start + 1]!;
    const most = flags & COMMAND ? MAX_COMMAND_BYTES : this.#limits.maxMessageBytes - this.#frameBytes;
    if (length > most) throw new ZmtpViolation(`a frame of ${length} bytes where ${most} are allowed`);
    if (held < headBytes + length) return undefined;
    this.#start += headBytes;
    return { flags, body: this.#take(length) };
  }

  /** A copy, because the room is used again. */
  #take(length: number): Buffer {
    const bytes = Buffer.from(this.#room.subarray(this.#start, this.#start + length));
    this.#start += length;
    if (this.#start === this.#end) {
      this.#start = 0;
      this.#end = 0;
      if (this.#room.length > MAX_IDLE_ROOM_BYTES) this.#room = Buffer.alloc(0);
    }
    return bytes;
  }

  /** READY comes once and first; what else a newer version says by commands is not for us. */
  #command(body: Buffer): ZmtpEvent | undefined {
    const name = body.subarray(1, 1 + (body[0] ?? 0)).toString('latin1');
    if (name === 'ERROR') throw new ZmtpViolation('the other end says ERROR');
    if (this.#state === 'traffic') return undefined;
    if (name !== 'READY') throw new ZmtpViolation(`${JSON.stringify(name)} where READY must come`);
    const properties = readProperties(body.subarray(6));
    const identity = properties.get('identity') ?? Buffer.alloc(0);
    if (identity.length > MAX_IDENTITY_BYTES)
      throw new ZmtpViolation(`an identity of ${identity.length} bytes`);
    this.#state = 'traffic';
    return {
      kind: 'ready',
      socketType: properties.get('socket-type')?.toString('latin1') ?? '',
      identity,
    };
  }

  #frame(flags: number, body: Buffer): ZmtpEvent | undefined {
    if (this.#state !== 'traffic') throw new ZmtpViolation('a message before READY');
    this.#frames.push(body);
    this.#frameBytes += body.length;
    if (this.#frames.length > this.#limits.maxFrames)
      throw new ZmtpViolation(`a message of more than ${this.#limits.maxFrames} frames`);
    if (flags & MORE) return undefined;
    const frames = this.#frames;
    this.#frames = [];
    this.#frameBytes = 0;
    return { kind: 'message', frames };
  }
}

/** Names are told apart without regard to case. */
function readProperties(bytes: Buffer): ReadonlyMap<string, Buffer> {
  const properties = new Map<string, Buffer>();
  for (let at = 0; at < bytes.length; ) {
    const valueAt = at + 1 + bytes[at]! + 4;
    if (valueAt > bytes.length) throw new ZmtpViolation('READY is cut off');
    const name = bytes.subarray(at + 1, valueAt - 4).toString('latin1');
    const end = valueAt + bytes.readUInt32BE(valueAt - 4);
    if (end > bytes.length) throw new ZmtpViolation('READY is cut off');
    properties.set(name.toLowerCase(), bytes.subarray(valueAt, end));
    at = end;
  }
  return properties;
}
