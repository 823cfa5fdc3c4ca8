/** Doubles as bytes that compress well, bit for bit. Most are one of: the same all the time; decimals with a few places, which are
 * whole numbers times a power of ten (as VictoriaMetrics keeps them, but only where that is exact); anything else is each
 * number XOR the one before (as in Facebook's Gorilla), in planes of bytes. */
import { type ByteReader, type ByteWriter, damaged } from '../bytes.ts';
import { MAX_COLUMN_INT, readInts, writeInts } from './int-column.ts';

const CONSTANT = 0;
const XOR = 1;
/** This and the number of decimal places. */
const DECIMAL = 2;
const MAX_PLACES = 9;
const POWERS: readonly number[] = Array.from({ length: MAX_PLACES + 1 }, (_, places) => 10 ** places);
const DOUBLE_BYTES = 8;

/** How many there are is not written. */
export function writeValues(out: ByteWriter, values: Float64Array): void {
  if (values.length === 0) return;
  const words = wordsOf(values);
  if (isConstant(words)) {
    out.u8(CONSTANT);
    out.f64(values[0]!);
    return;
  }
  const places = decimalPlaces(values);
  if (places === undefined) {
    out.u8(XOR);
    writeXor(out, words);
    return;
  }
  out.u8(DECIMAL + places);
  writeInts(
    out,
    values.map((value) => Math.round(value * POWERS[places]!)),
  );
}

/** @throws DATA_DAMAGED */
export function readValues(from: ByteReader, count: number): Float64Array {
  if (count === 0) return new Float64Array();
  const form = from.u8();
  if (form === CONSTANT) return new Float64Array(count).fill(from.f64());
  if (form === XOR) return readXor(from, count);
  const power = POWERS[form - DECIMAL];
  if (power === undefined) throw damaged('a column of values has an impossible form');
  const values = readInts(from, count);
  if (power !== 1) for (let i = 0; i < count; i++) values[i] = values[i]! / power;
  return values;
}

/** The places after the point that suffice for all of them, where the numbers come back exactly. */
function decimalPlaces(values: Float64Array): number | undefined {
  let places = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Object.is(value, -0)) return undefined;
    while (!isExact(value, POWERS[places]!)) if (++places > MAX_PLACES) return undefined;
  }
  // A number that was exact with fewer places may be too large for these.
  for (let i = 0; i < values.length; i++) if (!isExact(values[i]!, POWERS[places]!)) return undefined;
  return places;
}

function isExact(value: number, power: number): boolean {
  const scaled = Math.round(value * power);
  return Math.abs(scaled) <= MAX_COLUMN_INT && scaled / power === value;
}

function isConstant(words: Uint32Array): boolean {
  for (let i = 2; i < words.length; i += 2)
    if (words[i] !== words[0] || words[i + 1] !== words[1]) return false;
  return true;
}

function writeXor(out: ByteWriter, words: Uint32Array): void {
  const count = words.length / 2;
  const planes = out.take(count * DOUBLE_BYTES);
  let low = 0;
  let high = 0;
  for (let i = 0; i < count; i++) {
    const lowChange = words[2 * i]! ^ low;
    const highChange = words[2 * i + 1]! ^ high;
    low = words[2 * i]!;
    high = words[2 * i + 1]!;
    for (let plane = 0; plane < 4; plane++) {
      planes[plane * count + i] = lowChange >>> (8 * plane);
      planes[(plane + 4) * count + i] = highChange >>> (8 * plane);
    }
  }
}

function readXor(from: ByteReader, count: number): Float64Array {
  const planes = from.take(count * DOUBLE_BYTES);
  const values = new Float64Array(count);
  const words = wordsOf(values);
  let low = 0;
  let high = 0;
  for (let i = 0; i < count; i++) {
    low ^= wordAt(planes, i, count);
    high ^= wordAt(planes, i + 4 * count, count);
    words[2 * i] = low;
    words[2 * i + 1] = high;
  }
  return values;
}

/** Four bytes that lie in planes. */
function wordAt(planes: Uint8Array, at: number, stride: number): number {
  return (
    planes[at]! |
    (planes[at + stride]! << 8) |
    (planes[at + 2 * stride]! << 16) |
    (planes[at + 3 * stride]! << 24)
  );
}

function wordsOf(values: Float64Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
}
