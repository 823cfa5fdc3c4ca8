/** The messages of ZRE version 2 (https://rfc.zeromq.org/spec/36/) as frames of ZMTP. What is read is bounded and checked
 * to its last byte; what is written never has an id above 7, because gyre dies of those. */
import { GoblinError } from '@goblin/core';

/** What ends the conversation with a peer that does not keep to the protocol. */
export class ZreViolation extends GoblinError {
  constructor(what: string) {
    super('MALFORMED_REQUEST', { message: `this is not ZRE: ${what}` });
  }
}

const SIGNATURE = 0xaaa1;
const VERSION = 2;
const HELLO = 1;
const WHISPER = 2;
const SHOUT = 3;
const JOIN = 4;
const LEAVE = 5;
const PING = 6;
const PING_OK = 7;
/** ELECT, LEADER and GOODBYE of zyre: nothing for us. */
const LAST_KNOWN = 10;

const HEAD_BYTES = 6;
const MAX_HELLO_BYTES = 65_536;
/** Of groups, and of headers, in one HELLO. */
const MAX_ENTRIES = 64;
const MAX_SHORT_STRING_BYTES = 255;

export interface Hello {
  readonly kind: 'hello';
  /** `tcp://10.0.0.7:49152` */
  readonly endpoint: string;
  readonly groups: readonly string[];
  /** How often the sender has joined or left, modulo 256. */
  readonly status: number;
  readonly name: string;
  readonly headers: ReadonlyMap<string, string>;
}

export type ZreMessage =
  | Hello
  | { readonly kind: 'whisper'; readonly content: Uint8Array }
  | { readonly kind: 'shout'; readonly group: string; readonly content: Uint8Array }
  | { readonly kind: 'join' | 'leave'; readonly group: string; readonly status: number }
  | { readonly kind: 'ping' | 'pingOk' };

export interface SequencedMessage {
  /** One more than that of the message before, modulo 65,536. */
  readonly sequence: number;
  /** Undefined for what a newer peer says and we do not understand. */
  readonly message: ZreMessage | undefined;
}

/** @throws RangeError for names that do not fit their length */
export function encodeZre(message: ZreMessage, sequence: number): Buffer[] {
  switch (message.kind) {
    case 'hello':
      return [
        Buffer.concat([
          head(HELLO, sequence),
          short(message.endpoint),
          count(message.groups.length),
          ...message.groups.map(long),
          Buffer.of(message.status),
          short(message.name),
          count(message.headers.size),
          ...[...message.headers].flatMap(([name, value]) => [short(name), long(value)]),
        ]),
      ];
    case 'whisper':
      return [head(WHISPER, sequence), Buffer.from(message.content)];
    case 'shout':
      return [Buffer.concat([head(SHOUT, sequence), short(message.group)]), Buffer.from(message.content)];
    case 'join':
    case 'leave': {
      const id = message.kind === 'join' ? JOIN : LEAVE;
      return [Buffer.concat([head(id, sequence), short(message.group), Buffer.of(message.status)])];
    }
    case 'ping':
      return [head(PING, sequence)];
    case 'pingOk':
      return [head(PING_OK, sequence)];
  }
}

function head(id: number, sequence: number): Buffer {
  const bytes = Buffer.alloc(HEAD_BYTES);
  bytes.writeUInt16BE(SIGNATURE);
  bytes[2] = id;
  bytes[3] = VERSION;
  bytes.writeUInt16BE(sequence, 4);
  return bytes;
}

function short(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length > MAX_SHORT_STRING_BYTES)
    throw new RangeError(`${JSON.stringify(text)} has more than ${MAX_SHORT_STRING_BYTES} bytes`);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

function long(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([count(bytes.length), bytes]);
}

function count(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return bytes;
}

/** @throws ZreViolation */
export function decodeZre(frames: readonly Buffer[]): SequencedMessage {
  const [first, content = Buffer.alloc(0)] = frames;
  if (!first || first.length < HEAD_BYTES) throw new ZreViolation('a message without a head');
  if (first.length > MAX_HELLO_BYTES) throw new ZreViolation(`a head of ${first.length} bytes`);
  const fields = new Fields(first);
  if (fields.uint16() !== SIGNATURE) throw new ZreViolation('the signature is not AA A1');
  const id = fields.byte();
  const version = fields.byte();
  if (version !== VERSION) throw new ZreViolation(`version ${version}; it must be ${VERSION}`);
  const sequence = fields.uint16();
  return { sequence, message: body(id, fields, content) };
}

function body(id: number, fields: Fields, content: Buffer): ZreMessage | undefined {
  switch (id) {
    case HELLO:
      return {
        kind: 'hello',
        endpoint: fields.short(),
        groups: Array.from({ length: fields.entries() }, () => fields.long()),
        status: fields.byte(),
        name: fields.short(),
        headers: new Map(
          Array.from({ length: fields.entries() }, () => [fields.short(), fields.long()] as const),
        ),
      };
    case WHISPER:
      return { kind: 'whisper', content };
    case SHOUT:
      return { kind: 'shout', group: fields.short(), content };
    case JOIN:
    case LEAVE:
      return { kind: id === JOIN ? 'join' : 'leave', group: fields.short(), status: fields.byte() };
    case PING:
      return { kind: 'ping' };
    case PING_OK:
      return { kind: 'pingOk' };
    default:
      if (id === 0 || id > LAST_KNOWN) throw new ZreViolation(`a message of kind ${id}`);
      return undefined;
  }
}

/** Reads one after the other; each read past the end is a violation. */
class Fields {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  byte(): number {
    return this.#take(1)[0]!;
  }

  uint16(): number {
    return this.#take(2).readUInt16BE();
  }

  entries(): number {
    const number = this.#take(4).readUInt32BE();
    if (number > MAX_ENTRIES) throw new ZreViolation(`${number} entries where ${MAX_ENTRIES} are allowed`);
    return number;
  }

  short(): string {
    return this.#take(this.byte()).toString();
  }

  long(): string {
    return this.#take(this.#take(4).readUInt32BE()).toString();
  }

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new ZreViolation('a message that is cut off');
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }
}
