/** Random ids of traces and spans. They are kept as numbers, because mostly nobody reads them: to the next process they
 * go as bytes (binary-trace.ts), and the hex digits that W3C trace context writes are made when somebody asks.
 * The numbers come from the system's CSPRNG by the batch, since a call for 8 random bytes alone costs more than a
 * whole span. All zeros, which the standard forbids, has a chance of 2^-64. */
import { randomFillSync } from 'node:crypto';
import type { TraceContext } from '../context.ts';

const BATCH_WORDS = 4_096;
const WORD_BYTES = 4;
export const TRACE_ID_BYTES = 16;
export const SPAN_ID_BYTES = 8;

const words = new Int32Array(BATCH_WORDS);
let used = BATCH_WORDS;

/** Where numbers become digits and the other way round. */
const scratch = Buffer.alloc(TRACE_ID_BYTES);

function random(): number {
  if (used === BATCH_WORDS) {
    randomFillSync(words);
    used = 0;
  }
  return words[used++]!;
}

function writeWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
}

function readWord(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

export class SpanIds {
  /** The trace's id in four words, and the span's in two. */
  readonly #a: number;
  readonly #b: number;
  readonly #c: number;
  readonly #d: number;
  readonly #high: number;
  readonly #low: number;
  #traceId: string | undefined;
  #spanId: string | undefined;

  /** A new span in the trace of another one, or in a new trace. With `bytes`, the span whose ids stand there. */
  constructor(parent: TraceContext | undefined, bytes?: Uint8Array, at = 0) {
    if (parent instanceof SpanIds) {
      this.#a = parent.#a;
      this.#b = parent.#b;
      this.#c = parent.#c;
      this.#d = parent.#d;
    } else {
      const from = parent ? wordsOf(parent.traceId) : bytes;
      this.#a = from ? readWord(from, at) : random();
      this.#b = from ? readWord(from, at + WORD_BYTES) : random();
      this.#c = from ? readWord(from, at + 2 * WORD_BYTES) : random();
      this.#d = from ? readWord(from, at + 3 * WORD_BYTES) : random();
      if (parent) this.#traceId = parent.traceId;
    }
    this.#high = bytes ? readWord(bytes, at + TRACE_ID_BYTES) : random();
    this.#low = bytes ? readWord(bytes, at + TRACE_ID_BYTES + WORD_BYTES) : random();
  }

  /** 32 lower-case hex digits. */
  get traceId(): string {
    if (this.#traceId === undefined) {
      this.#writeTraceId(scratch, 0);
      this.#traceId = scratch.toString('hex');
    }
    return this.#traceId;
  }

  /** 16 lower-case hex digits. */
  get spanId(): string {
    if (this.#spanId === undefined) {
      this.#writeSpanId(scratch, 0);
      this.#spanId = scratch.toString('hex', 0, SPAN_ID_BYTES);
    }
    return this.#spanId;
  }

  /** Whether an id is none: all zeros. */
  get isMissing(): boolean {
    return (this.#high | this.#low) === 0 || (this.#a | this.#b | this.#c | this.#d) === 0;
  }

  /** Both ids, one behind the other. */
  write(bytes: Uint8Array, at: number): void {
    this.#writeTraceId(bytes, at);
    this.#writeSpanId(bytes, at + TRACE_ID_BYTES);
  }

  #writeTraceId(bytes: Uint8Array, at: number): void {
    writeWord(bytes, at, this.#a);
    writeWord(bytes, at + WORD_BYTES, this.#b);
    writeWord(bytes, at + 2 * WORD_BYTES, this.#c);
    writeWord(bytes, at + 3 * WORD_BYTES, this.#d);
  }

  #writeSpanId(bytes: Uint8Array, at: number): void {
    writeWord(bytes, at, this.#high);
    writeWord(bytes, at + WORD_BYTES, this.#low);
  }
}

function wordsOf(digits: string): Uint8Array {
  scratch.write(digits, 'hex');
  return scratch;
}
