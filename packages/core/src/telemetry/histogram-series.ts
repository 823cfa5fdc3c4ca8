/** One series of a histogram: the fine histogram, and for each classic bucket an exemplar: the first sampled trace
 * that fell into it since the last collection. Taking the first keeps recording cheap (one look at a flag) and
 * gives each scrape fresh ones. */
import type { Clock } from '../clock.ts';
import { context, type TraceContext } from '../context.ts';
import type { ClassicBuckets } from './classic-buckets.ts';
import { LogLinearHistogram } from './log-linear-histogram.ts';
import type { Exemplar, Histogram } from './metrics.ts';

export class HistogramSeries implements Histogram {
  readonly values: LogLinearHistogram = new LogLinearHistogram();
  readonly #buckets: ClassicBuckets;
  readonly #clock: Clock;
  readonly #exemplars: (Exemplar | undefined)[];
  /** 1 where a bucket has had no exemplar since the last collection. */
  readonly #wanted: Uint8Array;

  constructor(buckets: ClassicBuckets, clock: Clock) {
    this.#buckets = buckets;
    this.#clock = clock;
    this.#exemplars = new Array(buckets.bounds.length + 1).fill(undefined);
    this.#wanted = new Uint8Array(buckets.bounds.length + 1).fill(1);
  }

  record(value: number, trace?: TraceContext): void {
    const bucket = this.values.record(value);
    if (bucket >= 0 && this.#wanted[this.#buckets.groups[bucket]!] === 1)
      this.#offer(bucket, value, trace ?? context.trace);
  }

  #offer(bucket: number, value: number, trace: TraceContext | undefined): void {
    if (!trace?.sampled) return;
    const group = this.#buckets.groups[bucket]!;
    const { traceId, spanId } = trace;
    this.#exemplars[group] = { traceId, spanId, value, wallMs: this.#clock.wall() };
    this.#wanted[group] = 0;
  }

  get bounds(): readonly number[] {
    return this.#buckets.bounds;
  }

  /** Counts by classic bucket, not cumulated; the last is that of +Inf. */
  classicCounts(): Float64Array {
    const counts = new Float64Array(this.bounds.length + 1);
    this.values.forEach((bucket, count) => {
      counts[this.#buckets.groups[bucket]!]! += count;
    });
    return counts;
  }

  /** The exemplars by classic bucket; from now on newer ones are wanted. */
  takeExemplars(): readonly (Exemplar | undefined)[] {
    this.#wanted.fill(1);
    return [...this.#exemplars];
  }
}
