/** Growing bytes to write into, a cursor to read from, and compression, for the codecs of this folder. Little-endian throughout.
 *
 * What comes back from a file may be damaged: a reader never reads beyond its bytes and says DATA_DAMAGED instead. */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { GoblinError } from '@goblin/core';

const FIRST_CAPACITY = 4_096;
/** Below this zstd gains little, and a call costs some 30 µs whatever its size. */
const MIN_COMPRESSED_BYTES = 512;
/** Of one block, unpacked: what a damaged length can make us take. */
export const MAX_UNPACKED_BYTES: number = 256 * 1_048_576;
/** Rows of one column: likewise. */
const MAX_ROWS = 16 * 1_048_576;
const PLAIN = 0;
const ZSTD = 1;

export class ByteWriter {
  #buffer: Buffer<ArrayBuffer> = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Room for `count` bytes at the end, to be written by the caller at once. */
  take(count: number): Buffer {
    this.#reserve(count);
    this.#length += count;
    return this.#buffer.subarray(this.#length - count, this.#length);
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
  }

  u32(value: number): void {
    this.#reserve(4);
    this.#length = this.#buffer.writeUInt32LE(value, this.#length);
  }

  f64(value: number): void {
    this.#reserve(8);
    this.#length = this.#buffer.writeDoubleLE(value, this.#length);
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Over a number written before. */
  patchU32(at: number, value: number): void {
    this.#buffer.writeUInt32LE(value, at);
  }

  /** All that was written, over the same memory. */
  done(): Buffer<ArrayBuffer> {
    return this.#buffer.subarray(0, this.#length);
  }

  #reserve(count: number): void {
    const wanted = this.#length + count;
    if (wanted <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(wanted, this.#buffer.length * 2));
    larger.set(this.done());
    this.#buffer = larger;
  }
}

export class ByteReader {
  readonly #buffer: Buffer;
  #at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = at;
  }

  /** @throws DATA_DAMAGED as all of these, where the bytes end before */
  take(count: number): Buffer {
    const from = this.#advance(count);
    return this.#buffer.subarray(from, from + count);
  }

  u8(): number {
    return this.#buffer[this.#advance(1)]!;
  }

  u32(): number {
    return this.#buffer.readUInt32LE(this.#advance(4));
  }

  /** A number of rows. */
  count(): number {
    const count = this.u32();
    if (count > MAX_ROWS) throw damaged(`a block claims ${count} rows`);
    return count;
  }

  f64(): number {
    return this.#buffer.readDoubleLE(this.#advance(8));
  }

  #advance(count: number): number {
    const from = this.#at;
    if (from + count > this.#buffer.length) throw damaged('a block ends before its content');
    this.#at = from + count;
    return from;
  }
}

/** Compressed where that is worth a call. `level` as zstd's. */
export function pack(bytes: Uint8Array, level: number): Uint8Array {
  const options = { params: { [constants.ZSTD_c_compressionLevel]: level } };
  const isSmall = bytes.length < MIN_COMPRESSED_BYTES;
  const content = isSmall ? bytes : zstdCompressSync(bytes, options);
  const packed = Buffer.allocUnsafeSlow(content.length + 1);
  packed[0] = isSmall ? PLAIN : ZSTD;
  packed.set(content, 1);
  return packed;
}

/** @throws DATA_DAMAGED */
export function unpack(packed: Uint8Array): Uint8Array {
  const content = packed.subarray(1);
  if (packed[0] === PLAIN) return content;
  try {
    return zstdDecompressSync(content, { maxOutputLength: MAX_UNPACKED_BYTES });
  } catch (error) {
    throw damaged('a block cannot be unpacked', error);
  }
}

export function damaged(message: string, cause?: unknown): GoblinError {
  return new GoblinError('DATA_DAMAGED', { message, cause });
}
