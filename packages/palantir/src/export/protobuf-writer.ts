/** Writes the wire form of protobuf (https://protobuf.dev/programming-guides/encoding/) into memory that it keeps and grows, so that
 * one request after the other costs no new buffers. */

const FIRST_BYTES = 65_536;
const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const MAX_VARINT_BYTES = 10;
/** Up to here a varint is written from 32-bit parts. */
const TWO_TO_32 = 4_294_967_296;

export class ProtobufWriter {
  #bytes: Buffer = Buffer.allocUnsafe(FIRST_BYTES);
  #at = 0;

  /** All that was written, valid until the next `reset`. */
  done(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  reset(): this {
    this.#at = 0;
    return this;
  }

  /** An unsigned whole number, or a signed one as int64 is written. */
  int(field: number, value: number): void {
    this.#tag(field, VARINT);
    if (value < 0 || value > Number.MAX_SAFE_INTEGER)
      this.#bigVarint(BigInt.asUintN(64, BigInt(Math.round(value))));
    else this.#varint(value);
  }

  double(field: number, value: number): void {
    this.#fixed(field);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  fixed64(field: number, value: bigint): void {
    this.#fixed(field);
    this.#at = this.#bytes.writeBigUInt64LE(BigInt.asUintN(64, value), this.#at);
  }

  /** Eight bytes as they are: bits of a NaN do not survive as a number. */
  raw64(field: number, bytes: Uint8Array): void {
    this.#fixed(field);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  text(field: number, text: string): void {
    this.#tag(field, LENGTH);
    this.#room(text.length * 3 + MAX_VARINT_BYTES);
    const start = this.#at;
    this.#at += this.#bytes.write(text, start);
    this.#prefix(start);
  }

  hex(field: number, hex: string): void {
    this.#tag(field, LENGTH);
    this.#varint(hex.length / 2);
    this.#room(hex.length / 2);
    this.#at += this.#bytes.write(hex, this.#at, 'hex');
  }

  packedFixed64(field: number, values: readonly number[]): void {
    this.#packed(field, values, (value) => this.#bytes.writeBigUInt64LE(BigInt(Math.round(value)), this.#at));
  }

  packedDouble(field: number, values: readonly number[]): void {
    this.#packed(field, values, (value) => this.#bytes.writeDoubleLE(value, this.#at));
  }

  message(field: number, write: () => void): void {
    this.#tag(field, LENGTH);
    const start = this.#at;
    write();
    this.#prefix(start);
  }

  #packed(field: number, values: readonly number[], write: (value: number) => number): void {
    this.#tag(field, LENGTH);
    this.#varint(values.length * 8);
    this.#room(values.length * 8);
    for (const value of values) this.#at = write(value);
  }

  #fixed(field: number): void {
    this.#tag(field, FIXED64);
    this.#room(8);
  }

  #tag(field: number, type: number): void {
    this.#varint(field * 8 + type);
  }

  /** Puts the length of what was written since `start` before it. */
  #prefix(start: number): void {
    const end = this.#at;
    const length = end - start;
    let size = 1;
    for (let left = length; left > 127; left >>>= 7) size += 1;
    this.#room(size);
    this.#bytes.copyWithin(start + size, start, end);
    this.#at = start;
    this.#varint(length);
    this.#at = end + size;
  }

  #varint(value: number): void {
    this.#room(MAX_VARINT_BYTES);
    let left = value;
    for (; left >= TWO_TO_32; left = Math.floor(left / 128)) this.#bytes[this.#at++] = (left % 128) | 128;
    for (; left > 127; left >>>= 7) this.#bytes[this.#at++] = (left & 127) | 128;
    this.#bytes[this.#at++] = left;
  }

  #bigVarint(value: bigint): void {
    this.#room(MAX_VARINT_BYTES);
    let left = value;
    for (; left > 127n; left >>= 7n) this.#bytes[this.#at++] = Number(left & 127n) | 128;
    this.#bytes[this.#at++] = Number(left);
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + bytes));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}
