/** The bytes that both ends of a link agree on. docs/reference/link-protocol.md says them one by one. */

/** What a caller sends first: no method of HTTP and no TLS record begins like it, its first byte already tells. */
export const PREFACE: Buffer = Buffer.from('\xc7Goblin\n', 'latin1');
export const FIRST_BYTE = 0xc7;

export const VERSION = 1;

/** Length of what follows it, type, number: big-endian, before each frame's body. */
export const HEAD_BYTES = 9;
export const LENGTH_BYTES = 4;
/** Type and number, which the length counts. */
export const MIN_LENGTH: number = HEAD_BYTES - LENGTH_BYTES;

export const HELLO = 1;
export const METHOD = 2;
export const CALL = 3;
export const REPLY = 4;
export const ERROR = 5;
export const ITEM = 6;
export const END = 7;
export const WINDOW = 8;
export const CANCEL = 9;
export const PING = 10;
export const PONG = 11;
export const DRAIN = 12;
export const BREAK = 13;

/** Frames without a call have this number. */
export const NO_CALL = 0;

/** What a call brings besides its payload, as flags in this order of fields. */
export const HAS_DEADLINE = 1;
export const HAS_TRACE = 2;
export const HAS_ATTRIBUTES = 4;

/** A hello and the reason of a break are never longer. */
export const MAX_CONTROL_BYTES = 4_096;
/** The name of a method. */
export const MAX_METHOD_BYTES = 512;
/** Tenant, actor, request id, baggage and trace state of one call. */
export const MAX_ATTRIBUTES_BYTES = 16_384;
/** What stands between a frame's head and its payload, at most. */
export const MAX_CALL_HEAD_BYTES: number = MAX_ATTRIBUTES_BYTES + 64;
/** Numbers of calls are a slot in the lower and a generation in the upper half. */
export const MAX_SLOTS = 65_536;

export function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

export function readUint16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

export function writeUint16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}
