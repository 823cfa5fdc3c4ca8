/** Reads the wire form of protobuf (https://protobuf.dev/programming-guides/encoding/) without a schema: the caller goes from
 * field to field and takes what it knows. It never throws and never reads outside its bytes. The first fault ends all messages
 * that are open, and is kept; whoever opened a message whose frame was whole may take the fault, leave that message out and go on
 * behind it. Unknown fields are passed over, as is the rule. */

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;
/** Longer ones are read by the runtime, which is slower to start. */
const MAX_SHORT_TEXT = 24;
const MAX_TAG = 0xffff_ffff;
const HIGH = 4_294_967_296;
/** What `enter` answers where the message is longer than what is around it: nothing was entered. */
const NOT_ENTERED = -1;

export class ProtobufReader {
  readonly #bytes: Buffer;
  #at = 0;
  #end: number;
  #type = 0;
  #fault: string | undefined;
  /** The number of the field that `next` found. */
  field = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#end = bytes.length;
  }

  /** Goes to the next field, which has to be taken or passed over. @returns false at the end of the message or after a fault. */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    const tag = this.#raw();
    this.field = tag >>> 3;
    this.#type = tag & 7;
    if (tag < 8 || tag > MAX_TAG) this.#fail('this is no tag of a field');
    return this.#fault === undefined;
  }

  /** Opens the message in this field. @returns what `leave` wants. */
  enter(): number {
    const outer = this.#end;
    const length = this.#length();
    if (this.#fault !== undefined) return NOT_ENTERED;
    this.#end = this.#at + length;
    return outer;
  }

  /** Goes behind the message that was entered, however much of it was read. */
  leave(outer: number): void {
    if (outer === NOT_ENTERED) return;
    this.#at = this.#fault === undefined ? this.#end : outer;
    this.#end = outer;
  }

  /** As `leave`; a fault inside costs this message alone. @returns the fault. */
  leaveAlone(outer: number): string | undefined {
    if (outer === NOT_ENTERED) return undefined;
    const fault = this.#fault;
    this.#at = this.#end;
    this.#end = outer;
    this.#fault = undefined;
    return fault;
  }

  /** What broke, and where. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Where reading goes on; give it to `rewind` to read a message twice. */
  get at(): number {
    return this.#at;
  }

  rewind(at: number): void {
    if (this.#fault === undefined) this.#at = at;
  }

  skip(): void {
    if (this.#type === VARINT) this.#raw();
    else if (this.#type === FIXED64) this.#take(8);
    else if (this.#type === LENGTH) this.#take(this.#length());
    else if (this.#type === FIXED32) this.#take(4);
    else this.#fail(`wire type ${this.#type} is not known`);
  }

  /** An unsigned whole number; above 2^53 only nearly so. */
  varint(): number {
    return this.#is(VARINT) ? this.#raw() : 0;
  }

  /** Signed, as int32 and int64 are written. */
  int(): number {
    return this.#is(VARINT) ? Number(this.#signed()) : 0;
  }

  /** Signed and exact. */
  int64(): bigint {
    return this.#is(VARINT) ? this.#signed() : 0n;
  }

  /** Signed, as sint32 is written. */
  zigzag(): number {
    const raw = this.varint();
    return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
  }

  bool(): boolean {
    return this.varint() !== 0;
  }

  double(): number {
    const at = this.#fixed(FIXED64, 8);
    return at < 0 ? 0 : this.#bytes.readDoubleLE(at);
  }

  fixed64(): bigint {
    const at = this.#fixed(FIXED64, 8);
    return at < 0 ? 0n : this.#bytes.readBigUInt64LE(at);
  }

  /** An unsigned fixed64 as a number: above 2^53 only nearly so. */
  fixed64Number(): number {
    const at = this.#fixed(FIXED64, 8);
    return at < 0 ? 0 : this.#bytes.readUInt32LE(at) + HIGH * this.#bytes.readUInt32LE(at + 4);
  }

  /** A signed fixed64 as a number. */
  sfixed64(): number {
    const at = this.#fixed(FIXED64, 8);
    return at < 0 ? 0 : this.#bytes.readUInt32LE(at) + HIGH * this.#bytes.readInt32LE(at + 4);
  }

  fixed32(): number {
    const at = this.#fixed(FIXED32, 4);
    return at < 0 ? 0 : this.#bytes.readUInt32LE(at);
  }

  /** What is not UTF-8 becomes U+FFFD. */
  text(): string {
    const length = this.#length();
    const start = this.#at;
    if (!this.#take(length)) return '';
    if (length > MAX_SHORT_TEXT) return this.#bytes.toString('utf8', start, start + length);
    let text = '';
    for (let i = start; i < start + length; i += 1) {
      const byte = this.#bytes[i]!;
      if (byte > 127) return this.#bytes.toString('utf8', start, start + length);
      text += String.fromCharCode(byte);
    }
    return text;
  }

  hex(): string {
    return this.#slice('hex');
  }

  base64(): string {
    return this.#slice('base64');
  }

  /** A repeated field of numbers, packed or one by one, of which each is read by `read`; stops to keep them at `max`. */
  numbers(into: number[], packedType: 'fixed64' | 'varint', read: () => number, max: number): void {
    if (this.#type !== LENGTH) {
      const value = read();
      if (into.length < max) into.push(value);
      return;
    }
    const outer = this.enter();
    while (this.#at < this.#end) {
      this.#type = packedType === 'varint' ? VARINT : FIXED64;
      const value = read();
      if (into.length < max) into.push(value);
    }
    this.leave(outer);
  }

  #slice(encoding: 'hex' | 'base64'): string {
    const length = this.#length();
    const start = this.#at;
    return this.#take(length) ? this.#bytes.toString(encoding, start, start + length) : '';
  }

  #length(): number {
    if (!this.#is(LENGTH)) return 0;
    const length = this.#raw();
    if (this.#fault === undefined && length <= this.#end - this.#at) return length;
    this.#fail(`${length} bytes are announced and ${this.#end - this.#at} are left`);
    return 0;
  }

  #fixed(type: number, bytes: number): number {
    const at = this.#at;
    return this.#is(type) && this.#take(bytes) ? at : -1;
  }

  #take(bytes: number): boolean {
    if (this.#fault === undefined && bytes <= this.#end - this.#at) {
      this.#at += bytes;
      return true;
    }
    this.#fail('the value is cut short');
    return false;
  }

  #raw(): number {
    const first = this.#at < this.#end ? this.#bytes[this.#at]! : 128;
    if (first < 128) {
      this.#at += 1;
      return first;
    }
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 10; i += 1) {
      if (this.#at >= this.#end) {
        this.#fail('a number is cut short');
        return 0;
      }
      const byte = this.#bytes[this.#at]!;
      this.#at += 1;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
    this.#fail('a number has more than 10 bytes');
    return 0;
  }

  #signed(): bigint {
    const start = this.#at;
    const near = this.#raw();
    if (near <= Number.MAX_SAFE_INTEGER) return BigInt(near);
    let value = 0n;
    for (let i = this.#at - 1; i >= start; i -= 1) value = (value << 7n) | BigInt(this.#bytes[i]! & 127);
    return BigInt.asIntN(64, value);
  }

  #is(type: number): boolean {
    if (this.#type !== type) this.#fail(`field ${this.field} has the wire type ${this.#type}, not ${type}`);
    return this.#fault === undefined;
  }

  #fail(what: string): void {
    this.#fault ??= `${what} at byte ${this.#at}`;
    this.#at = this.#end;
  }
}
