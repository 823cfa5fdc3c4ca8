/** A sealed block of points: some series of one group, each with its columns of times and values. Series that were read together
 * have the same times, and those are written once. The head says where each series lies, so that one is read without the
 * others. Times are milliseconds of the block's day. */
import { ByteReader, ByteWriter, pack, unpack } from '../bytes.ts';
import { readInts, writeInts } from './int-column.ts';
import { readValues, writeValues } from './value-column.ts';

/** zstd's fastest: the columns leave little for a slower one to find. */
const LEVEL = 1;
const COUNT_BYTES = 4;
const HEAD_BYTES = 16;

export interface Points {
  /** Milliseconds of the day, rising. */
  readonly times: Float64Array;
  readonly values: Float64Array;
}

export interface SeriesPoints extends Points {
  readonly id: number;
}

export function encodePoints(series: readonly SeriesPoints[]): Uint8Array {
  const out = new ByteWriter();
  out.u32(series.length);
  out.take(series.length * HEAD_BYTES);
  let timesAt = 0;
  let written: Float64Array | undefined;
  series.forEach(({ id, times, values }, index) => {
    if (!written || !areSame(written, times)) {
      timesAt = out.length;
      writeInts(out, times);
      written = times;
    }
    const valuesAt = out.length;
    writeValues(out, values);
    [id, times.length, timesAt, valuesAt].forEach((number, word) => {
      out.patchU32(COUNT_BYTES + index * HEAD_BYTES + word * 4, number);
    });
  });
  return pack(out.done(), LEVEL);
}

/** The points of those series that `wants` names, in the order in which they were written. @throws DATA_DAMAGED */
export function decodePoints(
  packed: Uint8Array,
  wants: (id: number) => boolean = () => true,
): SeriesPoints[] {
  const bytes = unpack(packed);
  const head = new ByteReader(bytes);
  const found: SeriesPoints[] = [];
  const count = head.count();
  let timesKnownAt = -1;
  let times: Float64Array = new Float64Array();
  for (let i = 0; i < count; i++) {
    const id = head.u32();
    const points = head.count();
    const timesAt = head.u32();
    const valuesAt = head.u32();
    if (!wants(id)) continue;
    if (timesAt !== timesKnownAt) {
      times = readInts(new ByteReader(bytes, timesAt), points);
      timesKnownAt = timesAt;
    }
    found.push({ id, times, values: readValues(new ByteReader(bytes, valuesAt), points) });
  }
  return found;
}

function areSame(one: Float64Array, other: Float64Array): boolean {
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
}
