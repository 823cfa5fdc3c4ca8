/** The envelopes of a Connect stream: one byte of flags, four of length (big-endian), then the JSON of one item.
 * The last envelope has the flag END and holds the error that ended the stream, if one did. */
import { GoblinError } from '@goblin/core';

export const END = 0b10;
const COMPRESSED = 0b01;
const HEAD_BYTES = 5;

export interface Envelope {
  readonly flags: number;
  readonly payload: Buffer;
}

export function encodeEnvelope(flags: number, json: string): Buffer {
  const length = Buffer.byteLength(json);
  const envelope = Buffer.allocUnsafe(HEAD_BYTES + length);
  envelope[0] = flags;
  envelope.writeUInt32BE(length, 1);
  envelope.write(json, HEAD_BYTES);
  return envelope;
}

/** Takes bytes as they come and gives envelopes as they are complete. Holds at most one incomplete envelope,
 * whose length was checked before its bytes were kept. */
export class EnvelopeReader {
  readonly #maxBytes: number;
  #chunks: Buffer[] = [];
  #held = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes of an envelope that is not complete yet. */
  get held(): number {
    return this.#held;
  }

  /** The envelopes that `chunk` completes, those before a fault too.
   * @throws PAYLOAD_TOO_LARGE when one is longer than allowed, MALFORMED_REQUEST when one is compressed. */
  *push(chunk: Buffer): Generator<Envelope> {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    for (let length = this.#nextLength(); length !== undefined; length = this.#nextLength()) {
      if (this.#held < HEAD_BYTES + length) break;
      const bytes = this.#joined();
      const end = HEAD_BYTES + length;
      this.#held -= end;
      this.#chunks = this.#held === 0 ? [] : [bytes.subarray(end)];
      yield { flags: bytes[0]!, payload: bytes.subarray(HEAD_BYTES, end) };
    }
  }

  /** Length of the next envelope's payload; undefined until its head is here. */
  #nextLength(): number | undefined {
    if (this.#held < HEAD_BYTES) return undefined;
    const head = this.#chunks[0]!.length < HEAD_BYTES ? this.#joined() : this.#chunks[0]!;
    if (head[0]! & COMPRESSED) {
      throw new GoblinError('MALFORMED_REQUEST', {
        message: 'an envelope is compressed although no compression was agreed',
      });
    }
    const length = head.readUInt32BE(1);
    if (length > this.#maxBytes) {
      throw new GoblinError('PAYLOAD_TOO_LARGE', {
        message: `an envelope has ${length} bytes; the limit is ${this.#maxBytes}`,
        data: { limit: this.#maxBytes },
      });
    }
    return length;
  }

  #joined(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0]!;
  }
}
