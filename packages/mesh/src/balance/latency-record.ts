/** How long one procedure usually takes, as this process sees it: the median and the 95th percentile of the last
 * thousand or so attempts.
 *
 * A small log-linear histogram (eight buckets per power of two, so a quantile is at most 12.5 % too high) whose counts
 * are halved each FORGET_AT samples, so that old ones fade. Quantiles are read off again each REFRESH_EACH samples;
 * between those a call costs an addition. Nothing is said before there are MIN_SAMPLES. */

const MIN_SAMPLES = 50;
const REFRESH_EACH = 32;
const FORGET_AT = 1_024;
/** Buckets count in steps of 1/32 ms and end at about two minutes; what takes longer counts as that. */
const STEPS_PER_MS = 32;
const OCTAVES = 22;
const PER_OCTAVE = 8;
const MAX_STEPS = 2 ** OCTAVES - 1;

export class LatencyRecord {
  /** For people. */
  samples = 0;
  /** Milliseconds; 0 before there are enough samples. */
  medianMs = 0;
  /** Milliseconds; 0 before there are enough samples. */
  p95Ms = 0;
  readonly #counts = new Uint32Array((OCTAVES - 2) * PER_OCTAVE);
  #weight = 0;
  #untilRefresh = MIN_SAMPLES;

  add(latencyMs: number): void {
    this.samples++;
    this.#weight++;
    this.#counts[bucketOf(latencyMs)]! += 1;
    if (--this.#untilRefresh === 0) this.#refresh();
  }

  /** An attempt that nobody waited for any longer. It tells something only if it was slow until then: at least as slow as
   * that. Left out, the slow half of those raced by a second attempt would make the procedure look faster and faster. */
  addUnanswered(afterMs: number): void {
    if (afterMs > this.p95Ms) this.add(afterMs);
  }

  #refresh(): void {
    this.#untilRefresh = REFRESH_EACH;
    this.medianMs = this.#quantile(0.5);
    this.p95Ms = this.#quantile(0.95);
    if (this.#weight >= FORGET_AT) this.#forget();
  }

  #forget(): void {
    const counts = this.#counts;
    let weight = 0;
    for (let i = 0; i < counts.length; i++) {
      counts[i]! >>= 1;
      weight += counts[i]!;
    }
    this.#weight = weight;
  }

  #quantile(q: number): number {
    const rank = q * this.#weight;
    const counts = this.#counts;
    let seen = 0;
    for (let i = 0; i < counts.length; i++) {
      seen += counts[i]!;
      if (seen >= rank) return upperBound(i);
    }
    return upperBound(counts.length - 1);
  }
}

/** The first eight buckets are one step wide; then each power of two has eight. */
function bucketOf(latencyMs: number): number {
  const steps = Math.min(MAX_STEPS, Math.max(0, latencyMs * STEPS_PER_MS)) | 0;
  if (steps < PER_OCTAVE) return steps;
  const octave = 28 - Math.clz32(steps);
  return octave * PER_OCTAVE + (steps >> octave);
}

function upperBound(bucket: number): number {
  if (bucket < PER_OCTAVE) return (bucket + 1) / STEPS_PER_MS;
  const octave = (bucket >> 3) - 1;
  return ((((bucket & 7) | 8) + 1) * 2 ** octave) / STEPS_PER_MS;
}
