/** Puts frames one behind the other into a buffer and gives it to the socket at the end of the event loop's turn:
 * a write per frame costs several times the call that it is for. Buffers are shared by all links of the process
 * and used again once the socket has taken all of one, so that a quiet link holds none. */
import type { Socket } from 'node:net';
import { HEAD_BYTES, LENGTH_BYTES, writeUint32 } from './frames.ts';

/** Frames that are together longer than this go out before the end of the turn. */
export const BATCH_BYTES = 65_536;
const MAX_SPARE_BUFFERS = 16;
/** UTF-8 takes at most this many bytes per UTF-16 unit. */
const MAX_BYTES_PER_UNIT = 3;

const spare: Buffer[] = [];
const NONE = Buffer.alloc(0);

export class FrameWriter {
  /** Where the frame that was begun is to be written; another one after each `begin`. */
  bytes: Buffer = NONE;
  /** How many batches were given to the socket: what was written since is surely unsent. */
  batches = 0;
  readonly #socket: Socket;
  readonly #isEncrypted: boolean;
  #used = 0;
  #isScheduled = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#isEncrypted = 'encrypted' in socket;
  }

  /** Bytes that the socket has not taken yet, or that were not given to it. */
  get backlog(): number {
    return this.#socket.writableLength + this.#used;
  }

  /** Begins a frame with room for `room` bytes after its head. Answers where these begin in `bytes`. */
  begin(type: number, id: number, room: number): number {
    const needed = HEAD_BYTES + room;
    if (this.#used + needed > this.bytes.length) this.#makeRoom(needed);
    const { bytes } = this;
    const at = this.#used;
    bytes[at + LENGTH_BYTES] = type;
    writeUint32(bytes, at + LENGTH_BYTES + 1, id);
    return at + HEAD_BYTES;
  }

  /** Ends the frame that was begun; its last byte stands before `end`. */
  end(end: number): void {
    writeUint32(this.bytes, this.#used, end - this.#used - LENGTH_BYTES);
    this.#used = end;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    process.nextTick(this.#flushScheduled);
  }

  /** A whole frame at once. */
  frame(type: number, id: number, payload: string | Uint8Array = ''): void {
    const at = this.begin(type, id, roomFor(payload));
    this.end(this.put(at, payload));
  }

  /** Bytes without a head. */
  raw(bytes: Uint8Array): void {
    if (this.#used + bytes.length > this.bytes.length) this.#makeRoom(bytes.length);
    this.bytes.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /** Writes a payload, for which there must be room, and answers where it ends. */
  put(at: number, payload: string | Uint8Array): number {
    if (typeof payload === 'string') return at + this.bytes.write(payload, at);
    this.bytes.set(payload, at);
    return at + payload.length;
  }

  flush(): void {
    if (this.#used === 0) return;
    const { bytes } = this;
    const batch = bytes.subarray(0, this.#used);
    this.#used = 0;
    this.bytes = NONE;
    const socket = this.#socket;
    if (!socket.writable) return;
    this.batches++;
    // A socket that will not take it at once keeps it: then it gets no whole buffer for a few bytes.
    const isKept = this.#isEncrypted || socket.writableLength > 0;
    const isCopied = isKept && batch.length <= bytes.length / 2;
    socket.write(isCopied ? Buffer.from(batch) : batch);
    if ((isCopied || socket.writableLength === 0) && bytes.length === BATCH_BYTES) giveBack(bytes);
  }

  readonly #flushScheduled = (): void => {
    this.#isScheduled = false;
    this.flush();
  };

  #makeRoom(needed: number): void {
    this.flush();
    this.bytes =
      needed > BATCH_BYTES
        ? Buffer.allocUnsafeSlow(needed)
        : (spare.pop() ?? Buffer.allocUnsafeSlow(BATCH_BYTES));
  }
}

function giveBack(bytes: Buffer): void {
  if (spare.length < MAX_SPARE_BUFFERS) spare.push(bytes);
}

/** How many bytes a payload may take: exact where that is worth counting. */
export function roomFor(payload: string | Uint8Array): number {
  if (typeof payload !== 'string') return payload.length;
  const most = payload.length * MAX_BYTES_PER_UNIT;
  return most <= BATCH_BYTES / 4 ? most : Buffer.byteLength(payload);
}
