/** Whole numbers as bytes that compress well: differences (of differences, where those are smaller), zigzag, and one plane of
 * bytes per digit to base 256. What rises evenly, as times and counters do, becomes planes of zeroes. */
import { type ByteReader, type ByteWriter, damaged } from '../bytes.ts';

/** Twice the difference of the differences of such numbers is still exact in a double. */
export const MAX_COLUMN_INT: number = 2 ** 50;
const MAX_WIDTH = 7;
const SECOND_ORDER = 0x80;
const BASE = 256;
const WORD = 2 ** 32;

/** Whole numbers that lie no further apart than MAX_COLUMN_INT from each other. How many there are is not written. */
export function writeInts(out: ByteWriter, values: ArrayLike<number>): void {
  const count = values.length;
  if (count === 0) return;
  const isSecond = hasSteadySteps(values);
  const residuals = new Float64Array(count - 1);
  let previous = values[0]!;
  let step = 0;
  let largest = 0;
  for (let i = 1; i < count; i++) {
    const value = values[i]!;
    const delta = value - previous;
    const residual = isSecond ? delta - step : delta;
    const zigzag = residual >= 0 ? residual * 2 : -residual * 2 - 1;
    if (zigzag > largest) largest = zigzag;
    residuals[i - 1] = zigzag;
    previous = value;
    step = delta;
  }
  const width = widthOf(largest);
  out.u8(width | (isSecond ? SECOND_ORDER : 0));
  out.f64(values[0]!);
  writePlanes(out, residuals, width);
}

/** @throws DATA_DAMAGED */
export function readInts(from: ByteReader, count: number): Float64Array {
  const values = new Float64Array(count);
  if (count === 0) return values;
  const form = from.u8();
  const width = form & 0x7f;
  if (width > MAX_WIDTH) throw damaged('a column of numbers has an impossible form');
  const isSecond = (form & SECOND_ORDER) !== 0;
  let previous = from.f64();
  values[0] = previous;
  const planes = from.take((count - 1) * width);
  let step = 0;
  for (let i = 1; i < count; i++) {
    const residual = zigzagAt(planes, i - 1, count - 1, width);
    step = isSecond ? step + residual : residual;
    previous += step;
    values[i] = previous;
  }
  return values;
}

function zigzagAt(planes: Uint8Array, index: number, stride: number, width: number): number {
  if (width === 0) return 0;
  let low = planes[index]!;
  if (width > 1) low |= planes[index + stride]! << 8;
  if (width > 2) low |= planes[index + 2 * stride]! << 16;
  if (width <= 3) return (low >>> 1) ^ -(low & 1);
  low |= planes[index + 3 * stride]! << 24;
  if (width === 4) return (low >>> 1) ^ -(low & 1);
  let high = 0;
  for (let plane = width - 1; plane >= 4; plane--) high = high * BASE + planes[index + plane * stride]!;
  const half = high * (WORD / 2) + (low >>> 1);
  return (low & 1) === 0 ? half : -half - 1;
}

function hasSteadySteps(values: ArrayLike<number>): boolean {
  let first = 0;
  let second = 0;
  let step = 0;
  for (let i = 1; i < values.length; i++) {
    const delta = values[i]! - values[i - 1]!;
    first += Math.abs(delta);
    second += Math.abs(delta - step);
    step = delta;
  }
  return second < first;
}

function widthOf(largest: number): number {
  let width = 0;
  for (let rest = largest; rest >= 1; rest = Math.floor(rest / BASE)) width++;
  return width;
}

function writePlanes(out: ByteWriter, numbers: Float64Array, width: number): void {
  const count = numbers.length;
  const planes = out.take(count * width);
  const lowWidth = Math.min(width, 4);
  for (let i = 0; i < count; i++) {
    const number = numbers[i]!;
    const low = number >>> 0;
    for (let plane = 0; plane < lowWidth; plane++) planes[plane * count + i] = low >>> (8 * plane);
    if (width <= 4) continue;
    const high = (number - low) / WORD;
    for (let plane = 4; plane < width; plane++) planes[plane * count + i] = high >>> (8 * (plane - 4));
  }
}
