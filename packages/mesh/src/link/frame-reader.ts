/** Cuts what a socket brings into frames and hands each over where it lies: only a frame that comes in several
 * pieces is copied. Its length is checked before that, and what is held for it grows with what has come. */
import { LENGTH_BYTES, MIN_LENGTH, readUint32 } from './frames.ts';
import { LinkViolation } from './violation.ts';

/** Takes a frame from its type (`start`) up to `end`; the bytes are the reader's again when it returns.
 * What it throws ends the reading. */
export type FrameTaker = (bytes: Buffer, start: number, end: number) => void;

/** The first room for a frame in pieces. */
const FIRST_ROOM_BYTES = 4_096;
const NONE = Buffer.alloc(0);

export class FrameReader {
  /** Of a frame, its length field not counted. */
  maxLength: number;
  readonly #take: FrameTaker;
  /** Bytes that must come before the first frame. */
  #preface: Buffer | undefined;
  /** The beginning of what is not complete yet. */
  #rest: Buffer = NONE;
  #held = 0;
  /** How many bytes must be held for the next step: the preface, a length, or the frame behind it. */
  #wanted: number;

  constructor(maxLength: number, take: FrameTaker, preface?: Buffer) {
    this.maxLength = maxLength;
    this.#take = take;
    this.#preface = preface;
    this.#wanted = preface?.length ?? LENGTH_BYTES;
  }

  /** The beginning of a frame, or of the preface, has come and not its end. */
  get isWithinFrame(): boolean {
    return this.#held > 0;
  }

  /** @throws LinkViolation, and what the taker throws */
  push(chunk: Buffer): void {
    let at = 0;
    while (this.#held > 0 || this.#preface) {
      const next = Math.min(chunk.length, at + this.#wanted - this.#held);
      this.#hold(chunk, at, next);
      at = next;
      if (this.#held < this.#wanted) return;
      this.#step();
    }
    this.#readOn(chunk, at);
  }

  #hold(chunk: Buffer, from: number, to: number): void {
    const held = this.#held + to - from;
    if (held > this.#rest.length) {
      const room = Math.max(held, this.#rest.length * 2, FIRST_ROOM_BYTES);
      const rest = Buffer.allocUnsafe(Math.min(room, Math.max(held, this.#wanted)));
      this.#rest.copy(rest, 0, 0, this.#held);
      this.#rest = rest;
    }
    chunk.copy(this.#rest, this.#held, from, to);
    this.#held = held;
  }

  /** What was wanted is held. */
  #step(): void {
    const bytes = this.#rest;
    if (this.#preface) {
      if (!bytes.equals(this.#preface)) throw new LinkViolation('it does not begin as it must');
      this.#preface = undefined;
    } else if (this.#wanted === LENGTH_BYTES) {
      this.#wanted += this.#lengthAt(bytes, 0);
      return;
    } else this.#take(bytes, LENGTH_BYTES, this.#wanted);
    this.#rest = NONE;
    this.#held = 0;
    this.#wanted = LENGTH_BYTES;
  }

  /** The frames that lie in the chunk as a whole; of another one, its beginning is kept. */
  #readOn(chunk: Buffer, from: number): void {
    let at = from;
    while (chunk.length - at >= LENGTH_BYTES) {
      const start = at + LENGTH_BYTES;
      const end = start + this.#lengthAt(chunk, at);
      if (end > chunk.length) {
        this.#wanted = end - at;
        break;
      }
      this.#take(chunk, start, end);
      at = end;
    }
    if (at < chunk.length) this.#hold(chunk, at, chunk.length);
  }

  #lengthAt(bytes: Buffer, at: number): number {
    const length = readUint32(bytes, at);
    if (length >= MIN_LENGTH && length <= this.maxLength) return length;
    const wrong = length < MIN_LENGTH ? 'has no head' : `has ${length} bytes, ${this.maxLength} are allowed`;
    throw new LinkViolation(`a frame ${wrong}`);
  }
}
