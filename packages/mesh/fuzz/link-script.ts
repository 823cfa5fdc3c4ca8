/** For fuzz targets: what one end of a link sends, as a list of records. Bytes changed by chance would nearly always break
 * the lengths of frames and be refused for that; here lengths are right unless a record says otherwise:
 *
 *     type u8 | number u8 | body
 *
 * The lower four bits of the type are the frame's. With 0x40 what came before is sent first, so that it is a chunk of its
 * own; with 0x80 the body is sent as it is, without a head. */
import { FrameReader } from '../src/link/frame-reader.ts';
import { MIN_LENGTH, readUint32 } from '../src/link/frames.ts';
import { frame } from '../src/link/testing/raw-link.ts';
import { joined, piecesIn } from './records.ts';

const TYPE_BITS = 0x0f;
const BEGINS_CHUNK = 0x40;
const IS_RAW = 0x80;
const HEAD_BYTES = 2;

export interface Record {
  readonly type: number;
  readonly number: number;
  readonly body: string | Uint8Array;
}

export function scriptOf(records: readonly Record[]): Buffer {
  return joined(
    records.map(({ type, number, body }) => Buffer.concat([Buffer.from([type, number]), Buffer.from(body)])),
  );
}

/** What is sent, chunk by chunk.
 * @param numbers of calls, by the records' numbers. */
export function chunksOf(script: Uint8Array, numbers: readonly number[]): Buffer[] {
  const chunks: Buffer[][] = [[]];
  for (const record of piecesIn(script)) {
    if (record.length < HEAD_BYTES) continue;
    const [type, number] = [record[0]!, record[1]!];
    const body = record.subarray(HEAD_BYTES);
    if (type & BEGINS_CHUNK) chunks.push([]);
    const isRaw = (type & IS_RAW) !== 0;
    chunks.at(-1)!.push(isRaw ? body : frame(type & TYPE_BITS, numbers[number % numbers.length]!, body));
  }
  return chunks.map((pieces) => Buffer.concat(pieces)).filter(({ length }) => length > 0);
}

export interface SentFrame {
  readonly type: number;
  readonly id: number;
  readonly body: string;
}

/** What an end has sent. @throws LinkViolation when that are no frames */
export function framesIn(written: readonly Buffer[], preface?: Buffer): SentFrame[] {
  const frames: SentFrame[] = [];
  const reader = new FrameReader(
    2 ** 31,
    (bytes, start, end) =>
      frames.push({
        type: bytes[start]!,
        id: readUint32(bytes, start + 1),
        body: bytes.toString('utf8', start + MIN_LENGTH, end),
      }),
    preface,
  );
  reader.push(Buffer.concat(written));
  return frames;
}
