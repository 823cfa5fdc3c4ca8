/** What happened in a run, in bins of BIN_MS: calls by when they were made, answers by when they came. */

export const BIN_MS = 250;

/** One number per bin. */
export type Series = Float64Array<ArrayBuffer>;

export class Recorder {
  /** Calls made, and how many of those were answered in time. */
  readonly calls: Series;
  readonly answered: Series;
  readonly criticalCalls: Series;
  readonly criticalAnswered: Series;
  /** Answers in time. */
  readonly good: Series;
  readonly attempts: Series;
  /** Time of workers that was spent, and that of it which went into an answer that somebody took. */
  readonly workedMs: Series;
  readonly usedMs: Series;
  /** Calls that servers have taken in, waiting ones included, and how many they would work on at once. */
  readonly inFlight: Series;
  readonly limit: Series;
  /** Of each answer in time: when its call was made, and how long that took. */
  readonly madeAt: number[] = [];
  readonly tookMs: number[] = [];

  constructor(lengthMs: number) {
    const series = (): Series => new Float64Array(Math.ceil(lengthMs / BIN_MS));
    this.calls = series();
    this.answered = series();
    this.criticalCalls = series();
    this.criticalAnswered = series();
    this.good = series();
    this.attempts = series();
    this.workedMs = series();
    this.usedMs = series();
    this.inFlight = series();
    this.limit = series();
  }

  called(at: number, isCritical: boolean): void {
    add(this.calls, at, 1);
    if (isCritical) add(this.criticalCalls, at, 1);
  }

  succeeded(madeAt: number, at: number, isCritical: boolean): void {
    add(this.answered, madeAt, 1);
    if (isCritical) add(this.criticalAnswered, madeAt, 1);
    add(this.good, at, 1);
    this.madeAt.push(madeAt);
    this.tookMs.push(at - madeAt);
  }

  attempted(at: number): void {
    add(this.attempts, at, 1);
  }

  worked(at: number, ms: number): void {
    add(this.workedMs, at, ms);
  }

  used(at: number, ms: number): void {
    add(this.usedMs, at, ms);
  }

  observed(at: number, inFlight: number, limit: number): void {
    add(this.inFlight, at, inFlight);
    add(this.limit, at, limit);
  }
}

function add(series: Series, at: number, amount: number): void {
  const bin = Math.floor(at / BIN_MS);
  if (bin < series.length) series[bin]! += amount;
}

export function sumOf(series: Series, fromMs: number, toMs: number): number {
  let sum = 0;
  for (let bin = Math.floor(fromMs / BIN_MS); bin < Math.min(series.length, toMs / BIN_MS); bin++) {
    sum += series[bin]!;
  }
  return sum;
}

/** Latencies of the calls made from `fromMs` up to `toMs`, the shortest first. */
export function latenciesOf({ madeAt, tookMs }: Recorder, fromMs: number, toMs: number): Float64Array {
  const taken = tookMs.filter((_, index) => madeAt[index]! >= fromMs && madeAt[index]! < toMs);
  return Float64Array.from(taken).sort();
}

/** @param sorted the smallest first; NaN when it is empty. */
export function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
