/** Follows where WebSocket frames begin and end in a stream of bytes (RFC 6455 section 5.2) without looking into them,
 * so that a Close frame can be put between two. */

/** Two bytes, up to eight of length, up to four of mask. */
const MAX_HEADER_BYTES = 14;

export class FrameTracker {
  readonly #header: Buffer = Buffer.alloc(MAX_HEADER_BYTES);
  #headerBytes = 0;
  #payloadLeft = 0;

  /** Whether the next byte begins a frame. */
  get atBoundary(): boolean {
    return this.#headerBytes === 0 && this.#payloadLeft === 0;
  }

  /** Takes in what came. */
  advance(chunk: Buffer): void {
    this.#read(chunk, false);
  }

  /** Takes in what came up to where a frame ends, and answers how many bytes that were; all of them if none ends. */
  advanceToBoundary(chunk: Buffer): number {
    return this.#read(chunk, true);
  }

  #read(chunk: Buffer, stopAtBoundary: boolean): number {
    let at = 0;
    while (at < chunk.length) {
      if (stopAtBoundary && this.atBoundary) break;
      if (this.#payloadLeft > 0) {
        const step = Math.min(this.#payloadLeft, chunk.length - at);
        this.#payloadLeft -= step;
        at += step;
      } else {
        this.#header[this.#headerBytes++] = chunk[at++]!;
        this.#readHeader();
      }
    }
    return at;
  }

  #readHeader(): void {
    if (this.#headerBytes < 2) return;
    const short = this.#header[1]! & 0x7f;
    const masked = (this.#header[1]! & 0x80) !== 0;
    const lengthBytes = short === 127 ? 8 : short === 126 ? 2 : 0;
    if (this.#headerBytes < 2 + lengthBytes + (masked ? 4 : 0)) return;
    if (lengthBytes === 8) this.#payloadLeft = Number(this.#header.readBigUInt64BE(2));
    else this.#payloadLeft = lengthBytes === 2 ? this.#header.readUInt16BE(2) : short;
    this.#headerBytes = 0;
  }
}

/** A Close frame as a server sends it, without a reason text. */
export function closeFrame(code: number): Buffer {
  return Buffer.from([0x88, 2, code >> 8, code & 0xff]);
}
