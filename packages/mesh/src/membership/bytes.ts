/** Writes and reads the fields of our binary messages: big-endian numbers, and byte strings behind their length.
 * A writer never grows: who writes asks first whether it fits. A reader never throws: what is cut off reads as
 * zero and empty, and leaves `failed` set. */

const U32 = 2 ** 32;

export class ByteWriter {
  readonly #bytes: Buffer;
  #length = 0;

  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafe(capacity);
  }

  get room(): number {
    return this.#bytes.length - this.#length;
  }

  /** What was written, until the next `clear`. */
  get written(): Uint8Array {
    return this.room === 0 ? this.#bytes : this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  u8(value: number): void {
    this.#bytes[this.#length++] = value;
  }

  u16(value: number): void {
    this.#length = this.#bytes.writeUInt16BE(value, this.#length);
  }

  u32(value: number): void {
    this.#length = this.#bytes.writeUInt32BE(value >>> 0, this.#length);
  }

  u48(value: number): void {
    this.u16(Math.floor(value / U32));
    this.u32(value % U32);
  }

  raw(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** ASCII of at most 255 characters. */
  name(text: string): void {
    this.u8(text.length);
    for (let i = 0; i < text.length; i++) this.#bytes[this.#length++] = text.charCodeAt(i);
  }

  /** At most 65,535 bytes. */
  block(bytes: Uint8Array): void {
    this.u16(bytes.length);
    this.raw(bytes);
  }
}

export class ByteReader {
  readonly #bytes: Buffer;
  #at = 0;
  #failed = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Something was read that is not there. */
  get failed(): boolean {
    return this.#failed;
  }

  get done(): boolean {
    return this.#failed || this.#at >= this.#bytes.length;
  }

  u8(): number {
    const at = this.#take(1);
    return at < 0 ? 0 : this.#bytes[at]!;
  }

  u16(): number {
    const at = this.#take(2);
    return at < 0 ? 0 : this.#bytes.readUInt16BE(at);
  }

  u32(): number {
    const at = this.#take(4);
    return at < 0 ? 0 : this.#bytes.readUInt32BE(at);
  }

  u48(): number {
    return this.u16() * U32 + this.u32();
  }

  /** A view, not a copy. */
  raw(length: number): Uint8Array {
    const at = this.#take(length);
    return at < 0 ? this.#bytes.subarray(0, 0) : this.#bytes.subarray(at, at + length);
  }

  name(): string {
    const length = this.u8();
    const at = this.#take(length);
    return at < 0 ? '' : this.#bytes.toString('latin1', at, at + length);
  }

  /** Undefined when it is empty. */
  block(): Uint8Array | undefined {
    const length = this.u16();
    return length === 0 ? undefined : this.raw(length);
  }

  #take(length: number): number {
    const at = this.#at;
    if (this.#failed || at + length > this.#bytes.length) {
      this.#failed = true;
      return -1;
    }
    this.#at += length;
    return at;
  }
}
