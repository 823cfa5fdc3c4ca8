/** Counters, gauges and histograms. Declare an instrument once, bind its label values once, and keep the bound
 * series: recording is then an addition into a typed array. Names follow OpenMetrics and OpenTelemetry:
 * base units, `_total` for counters, `_seconds` for durations. */

export interface Counter {
  /** Adds a non-negative amount, 1 when none is given. */
  add(amount?: number): void;
}

export interface Gauge {
  set(value: number): void;
  add(amount: number): void;
}

export interface Histogram {
  /** Records one value in the instrument's unit. The trace id of the current span becomes the bucket's exemplar. */
  record(value: number): void;
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

export interface Metrics {
  counter(name: string, options: InstrumentOptions): Labelled<Counter>;
  gauge(name: string, options: InstrumentOptions): Labelled<Gauge>;
  histogram(name: string, options: InstrumentOptions): Labelled<Histogram>;
  /** Reads a value at each collection rather than recording it. */
  observe(
    name: string,
    options: InstrumentOptions,
    read: (set: (value: number, ...labelValues: readonly string[]) => void) => void,
  ): void;
  /** The exposition for a scraper. */
  expose(format: 'openmetrics' | 'prometheus'): string;
}
