/** Samples of one day as columns: what the journal keeps until they are sealed, one row per batch. */
import { damaged } from '../bytes.ts';

const SAMPLE_BYTES = 16;

export interface SampleRow {
  /** Of the journal; rising. */
  readonly seq: number;
  readonly ids: Uint32Array;
  /** Milliseconds of the day. */
  readonly times: Uint32Array;
  readonly values: Float64Array;
}

export function encodeSampleRow({ ids, times, values }: Omit<SampleRow, 'seq'>): Uint8Array {
  const count = ids.length;
  const bytes = new Uint8Array(count * SAMPLE_BYTES);
  new Float64Array(bytes.buffer, 0, count).set(values);
  new Uint32Array(bytes.buffer, count * 8, count).set(ids);
  new Uint32Array(bytes.buffer, count * 12, count).set(times);
  return bytes;
}

/** @throws DATA_DAMAGED */
export function decodeSampleRow(seq: number, stored: Uint8Array): SampleRow {
  if (stored.length % SAMPLE_BYTES !== 0) throw damaged('a row of samples has an impossible length');
  const isAligned = stored.byteOffset % 8 === 0;
  const bytes = isAligned ? stored : stored.slice();
  const count = bytes.length / SAMPLE_BYTES;
  return {
    seq,
    values: new Float64Array(bytes.buffer, bytes.byteOffset, count),
    ids: new Uint32Array(bytes.buffer, bytes.byteOffset + count * 8, count),
    times: new Uint32Array(bytes.buffer, bytes.byteOffset + count * 12, count),
  };
}
