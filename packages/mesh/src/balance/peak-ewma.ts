/** How slow a peer is, as a balancer counts it: peak EWMA, after Finagle's `Balancers.p2cPeakEwma` (Twitter, 2015).
 * It rises to a peak at once and falls slowly, with a time constant of DECAY_MS, so that a peer that became slow is left
 * alone within one answer and comes back little by little. Four things are different from there.
 *
 * Measured is not the time but how it compares with what is typical of the procedure (1 is typical): a peer that has
 * just served a slow procedure is not slow. FLOOR_MS on both sides makes differences of microseconds count for nothing.
 *
 * A peak is believed when the next attempt that began after it is slow too, because one stall (a collection of garbage,
 * theirs or ours) makes everything slow that is in flight at that moment. What is in flight protects until then.
 *
 * Less than TOLERANCE times as slow as typical counts as typical: between idle peers the slightest difference decides,
 * and all calls would go to whoever happened to be quicker. Of three peers that answer within 0.3 ms and stall for
 * 40 ms every 4 s, the busiest gets 1.04 of its part like this, as by what is in flight alone; 1.6 without the
 * tolerance, 1.85 when each peak is believed.
 *
 * Without news it goes back to typical, not to nothing: silence is no sign of speed. So a peer without measurements
 * is neither favoured nor shunned. */

const DECAY_MS = 10_000;
const FLOOR_MS = 1;
const TOLERANCE = 2;

export class PeakEwma {
  /** Average of about the last DECAY_MS, for people; 0 before the first answer. */
  averageMs = 0;
  #slowness = 1;
  #at = 0;
  /** The last reading above the average, as long as nothing lower came after it, and when it came. */
  #peak = 0;
  #peakAt = 0;

  /** 1 is typical, 3 is three times as slow. */
  slowness(now: number): number {
    return this.#slowness === 1 ? 1 : 1 + (this.#slowness - 1) * kept(now - this.#at);
  }

  /** What a call in flight counts for because of that: 1 or more. */
  burden(now: number): number {
    return Math.max(1, this.slowness(now) / TOLERANCE);
  }

  /** An attempt that ran from `beganAt` to `at` was answered, or given up after that time.
   * @param typicalMs of the procedure; 0 when that is not known yet. */
  observe(beganAt: number, at: number, typicalMs: number): void {
    const tookMs = at - beganAt;
    const keep = kept(at - this.#at);
    this.averageMs = this.averageMs === 0 ? tookMs : tookMs + (this.averageMs - tookMs) * keep;
    const before = 1 + (this.#slowness - 1) * keep;
    this.#at = at;
    this.#slowness = before;
    if (typicalMs > 0) this.#compare((tookMs + FLOOR_MS) / (typicalMs + FLOOR_MS), beganAt, at, keep);
  }

  #compare(reading: number, beganAt: number, at: number, keep: number): void {
    if (reading <= this.#slowness) {
      this.#slowness = reading + (this.#slowness - reading) * keep;
      this.#peak = 0;
    } else if (beganAt >= this.#peakAt) {
      this.#slowness = Math.max(this.#slowness, Math.min(reading, this.#peak));
      this.#peak = reading;
      this.#peakAt = at;
    }
  }
}

/** What is left of a difference after that time: e^(-x), by the beginning of the series of e^x, which costs a third. Here
 * most steps are far shorter than DECAY_MS, and it is exact; after three times DECAY_MS it is 12 % rather than 5 %. */
function kept(ms: number): number {
  if (ms <= 0) return 1;
  const x = ms / DECAY_MS;
  return 1 / (1 + x + (x * x) / 2);
}
