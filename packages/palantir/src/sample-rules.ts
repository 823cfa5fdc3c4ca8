/** Which samples are kept, decided here for decoders and for the store.
 *
 * - A time may lie MAX_AHEAD_MS ahead of this clock: clocks differ, and what lies further ahead would be the newest for long.
 * - NaN is kept as the mark of a series that ended, and else is no value: a sample of it is refused. Infinities are values.
 *
 * The mark is Prometheus': a NaN with bits of its own, which are kept. Engines may set the quiet bit of a NaN that passes through a variable,
 * so only the other bits are looked at. https://github.com/prometheus/prometheus/blob/main/model/value/value.go */

export const MAX_AHEAD_MS: number = 10 * 60_000;
export const TOO_FAR_AHEAD = `the time lies more than ${MAX_AHEAD_MS / 60_000} minutes ahead of this clock`;
export const NOT_A_NUMBER = 'the value is not a number (NaN), nor the mark of a series that ended';

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

/** Whether the value at `index` may be kept. */
export function isKept(values: Float64Array, index: number): boolean {
  return !Number.isNaN(values[index]) || isStale(values, index);
}
