/** A histogram whose buckets are log-linear: each power of two is cut into 16 equal parts, so that a bucket is at
 * most 1/16 as wide as its values are large and a quantile is off by at most MAX_RELATIVE_ERROR (3.2 %).
 *
 * The bucket of a value is the exponent and the first four fraction bits of its IEEE 754 form: no logarithm and
 * no search. All histograms share this one layout, from a billionth to a trillion whatever the unit, so any
 * two of them can be merged, also between processes. Counts stand in a Float64Array that covers only the powers of
 * two seen so far (128 bytes each) and are exact up to 2^53. What is smaller or larger than the layout is counted
 * in its first or last bucket; negative values count as 0; NaN and infinities are not measurements and are ignored.
 * After HdrHistogram (Tene) and the log-linear buckets of Circllhist (Hartmann, Schlossnagle, 2020). */

const SUBDIVISION_BITS = 4;
const SUBDIVISIONS = 1 << SUBDIVISION_BITS;
const LOWEST_EXPONENT = -30;
const HIGHEST_EXPONENT = 40;
const EXPONENT_BIAS = 1_023;
/** The high word of a double, shifted by this, is its exponent and the first SUBDIVISION_BITS of its fraction. */
const SHIFT = 20 - SUBDIVISION_BITS;
const OFFSET = ((LOWEST_EXPONENT + EXPONENT_BIAS) << SUBDIVISION_BITS) - 1;

/** Bucket 0 holds [0, 2^-30), the last one everything from 2^40. */
export const BUCKETS: number = (HIGHEST_EXPONENT - LOWEST_EXPONENT) * SUBDIVISIONS + 2;
/** How far a quantile can be from the value recorded: half of a bucket's width. */
export const MAX_RELATIVE_ERROR: number = 1 / (2 * SUBDIVISIONS);

/** A histogram as plain JSON: `buckets` lists bucket, count, bucket, count …, in order and without empty ones. */
export interface HistogramSnapshot {
  readonly count: number;
  readonly sum: number;
  readonly buckets: readonly number[];
}

const scratch = new DataView(new ArrayBuffer(8));

function bucketOf(value: number): number {
  scratch.setFloat64(0, value);
  const bucket = (scratch.getInt32(0) >> SHIFT) - OFFSET;
  if (bucket < 0) return 0;
  return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

/** The smallest value that falls into a bucket. */
export function lowerBound(bucket: number): number {
  if (bucket <= 0) return 0;
  const step = bucket - 1;
  return 2 ** (LOWEST_EXPONENT + (step >> SUBDIVISION_BITS)) * (1 + (step % SUBDIVISIONS) / SUBDIVISIONS);
}

/** What a bucket's values are taken to be: its middle. */
export function midpoint(bucket: number): number {
  if (bucket >= BUCKETS - 1) return lowerBound(BUCKETS - 1);
  return bucket <= 0 ? 0 : (lowerBound(bucket) + lowerBound(bucket + 1)) / 2;
}

export class LogLinearHistogram {
  #counts = new Float64Array(0);
  /** The bucket that #counts begins with. */
  #first = 0;
  readonly #sum = new Float64Array(1);

  /** Records one value and answers its bucket, -1 when it was not a measurement. */
  record(value: number): number {
    if (!(value < Number.POSITIVE_INFINITY)) return -1;
    const measured = Math.max(value, 0);
    const bucket = bucketOf(measured);
    const slot = bucket - this.#first;
    if (slot >= 0 && slot < this.#counts.length) this.#counts[slot]! += 1;
    else this.#addBeyond(bucket, 1);
    this.#sum[0]! += measured;
    return bucket;
  }

  get count(): number {
    let count = 0;
    for (const some of this.#counts) count += some;
    return count;
  }

  get sum(): number {
    return this.#sum[0]!;
  }

  /** Adds everything that another histogram, of this process or as JSON from another, has recorded. */
  merge(other: LogLinearHistogram | HistogramSnapshot): void {
    const { sum, buckets } = other instanceof LogLinearHistogram ? other.snapshot() : other;
    for (let i = 0; i + 1 < buckets.length; i += 2) this.#addTo(buckets[i]!, buckets[i + 1]!);
    this.#sum[0]! += sum;
  }

  /** The value below which the share `q` (0 to 1) of all values lies, within MAX_RELATIVE_ERROR; NaN when empty. */
  quantile(q: number): number {
    const rank = Math.max(1, Math.ceil(q * this.count));
    let seen = 0;
    for (let slot = 0; slot < this.#counts.length; slot++) {
      seen += this.#counts[slot]!;
      if (seen >= rank) return midpoint(this.#first + slot);
    }
    return Number.NaN;
  }

  /** Calls back for each bucket that is not empty, in rising order. */
  forEach(callback: (bucket: number, count: number) => void): void {
    for (let slot = 0; slot < this.#counts.length; slot++) {
      const count = this.#counts[slot]!;
      if (count > 0) callback(this.#first + slot, count);
    }
  }

  snapshot(): HistogramSnapshot {
    const buckets: number[] = [];
    this.forEach((bucket, count) => void buckets.push(bucket, count));
    return { count: this.count, sum: this.sum, buckets };
  }

  #addTo(bucket: number, count: number): void {
    if (!Number.isInteger(bucket) || bucket < 0 || bucket >= BUCKETS || !(count > 0)) return;
    const slot = bucket - this.#first;
    if (slot >= 0 && slot < this.#counts.length) this.#counts[slot]! += count;
    else this.#addBeyond(bucket, count);
  }

  /** Widens the array by whole powers of two until it holds the bucket. */
  #addBeyond(bucket: number, count: number): void {
    const isEmpty = this.#counts.length === 0;
    const octave = bucket - (bucket % SUBDIVISIONS);
    const first = isEmpty ? octave : Math.min(this.#first, octave);
    const end = isEmpty
      ? octave + SUBDIVISIONS
      : Math.max(this.#first + this.#counts.length, octave + SUBDIVISIONS);
    const wider = new Float64Array(end - first);
    if (!isEmpty) wider.set(this.#counts, this.#first - first);
    wider[bucket - first]! += count;
    this.#counts = wider;
    this.#first = first;
  }
}
