/** Prometheus' mark for "this series has ended": a NaN with bits of its own, which the store keeps. Engines may set the quiet bit
 * of a NaN that passes through a variable, so only the other bits are looked at.
 * https://github.com/prometheus/prometheus/blob/main/model/value/value.go */

const STALE_LOW = 2;
const INFINITY_HIGH = 0x7ff00000;

/** The mark as Prometheus writes it, little-endian. */
export const STALE_NAN_BYTES: Uint8Array = new Uint8Array([2, 0, 0, 0, 0, 0, 0xf0, 0x7f]);

/** Whether the value at `index` is the mark, and not an ordinary NaN. */
export function isStale(values: Float64Array, index: number): boolean {
  if (!Number.isNaN(values[index])) return false;
  const words = new Uint32Array(values.buffer, values.byteOffset + index * 8, 2);
  return words[0] === STALE_LOW && (words[1]! & INFINITY_HIGH) === INFINITY_HIGH;
}
