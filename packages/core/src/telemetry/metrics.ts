/** Counters, gauges and histograms. Declare an instrument once, bind its label values once, and keep the bound
 * series: recording is then an addition into a typed array. Names follow OpenMetrics and OpenTelemetry:
 * base units, `_total` for counters, `_seconds` for durations. */
import type { TraceContext } from '../context.ts';
import type { HistogramSnapshot } from './log-linear-histogram.ts';

export interface Counter {
  /** Adds a non-negative amount, 1 when none is given. */
  add(amount?: number): void;
}

export interface Gauge {
  set(value: number): void;
  add(amount: number): void;
}

export interface Histogram {
  /** Records one value in the instrument's unit. The trace, by default that of the context, becomes the exemplar of
   * its bucket where it is sampled. */
  record(value: number, trace?: TraceContext): void;
}

export interface InstrumentOptions {
  /** One sentence, shown at `/metrics` and in docs/reference/metrics.md. */
  readonly help: string;
  readonly labels?: readonly string[];
}

/** An instrument with labels yet to be bound. The values stand in the order of the declared labels. Beyond
 * MAX_SERIES different combinations everything is counted in one series whose labels are all `other`. */
export interface Labelled<Instrument> {
  with(...labelValues: readonly string[]): Instrument;
}

export type InstrumentKind = 'counter' | 'gauge' | 'histogram';

/** What is known of an instrument without its values. */
export interface Instrument {
  readonly name: string;
  readonly kind: InstrumentKind;
  /** `seconds`, `bytes`, `ratio`; empty for plain numbers. */
  readonly unit: string;
  readonly help: string;
  readonly labels: readonly string[];
}

/** A trace that shows what a value was about. */
export interface Exemplar {
  readonly traceId: string;
  readonly spanId: string;
  readonly value: number;
  /** Milliseconds since the Unix epoch. */
  readonly wallMs: number;
}

/** One series: its label values in the order of the instrument's labels, and a number or a histogram. */
export interface SeriesSnapshot {
  readonly labels: readonly string[];
  readonly value?: number;
  readonly histogram?: HistogramSnapshot;
}

export interface MetricSnapshot extends Instrument {
  readonly series: readonly SeriesSnapshot[];
}

/** All values at one moment, as plain JSON. */
export interface MetricsSnapshot {
  /** When it was taken and when counting began, in milliseconds since the Unix epoch. */
  readonly wallMs: number;
  readonly sinceWallMs: number;
  readonly metrics: readonly MetricSnapshot[];
}

export interface Metrics {
  counter(name: string, options: InstrumentOptions): Labelled<Counter>;
  gauge(name: string, options: InstrumentOptions): Labelled<Gauge>;
  histogram(name: string, options: InstrumentOptions): Labelled<Histogram>;
  /** Reads a value at each collection rather than recording it: a counter where the name ends in `_total`, a gauge
   * otherwise. Ends when what it returns is disposed. */
  observe(
    name: string,
    options: InstrumentOptions,
    read: (set: (value: number, ...labelValues: readonly string[]) => void) => void,
  ): Disposable;
  /** What has been declared, in the order of names. */
  instruments(): readonly Instrument[];
  /** The values of all instruments, or of those named. */
  snapshot(names?: readonly string[]): MetricsSnapshot;
  /** The exposition for a scraper. */
  expose(format: 'openmetrics' | 'prometheus'): string;
}
