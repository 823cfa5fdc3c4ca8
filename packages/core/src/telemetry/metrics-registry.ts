/** Where the instruments of a process are declared and its series are kept. Declaring the same instrument again
 * answers the one that is there, so that parts need not know of each other; declaring it differently is an error.
 * Nothing here grows without bound: an instrument has at most MAX_SERIES series, a label value at most
 * MAX_LABEL_LENGTH characters, and what goes beyond is counted under `other` and in
 * `metrics_series_refused_total`. A reader that throws costs its own values only. */
import { type Clock, systemClock } from '../clock.ts';
import { GoblinError } from '../errors.ts';
import { classicBuckets } from './classic-buckets.ts';
import { exposition } from './exposition.ts';
import { HistogramSeries } from './histogram-series.ts';
import type {
  Counter,
  Instrument,
  InstrumentKind,
  InstrumentOptions,
  Labelled,
  Metrics,
  MetricsSnapshot,
} from './metrics.ts';
import { CounterSeries, NumberSeries } from './number-series.ts';

/** Series per instrument, `other` aside. */
export const MAX_SERIES = 1_000;
export const MAX_LABEL_LENGTH = 200;
const MAX_INSTRUMENTS = 2_000;

const METRIC_NAME = /^[a-z][a-z0-9_]*$/;
const LABEL_NAME = /^(?!le$|quantile$)[a-z][a-z0-9_]*$/;
/** The samples of a histogram end in these, so no other name may. */
const RESERVED_SUFFIX = /_(?:bucket|count|sum|created)$/;
const UNITS = ['seconds', 'bytes', 'ratio'];

type Series = NumberSeries | HistogramSeries;
type Reader = Parameters<Metrics['observe']>[2];

interface Entry {
  readonly instrument: Instrument;
  readonly series: Map<string, CollectedSeries>;
  readonly readers: Set<Reader>;
}

export interface CollectedSeries {
  readonly labels: readonly string[];
  readonly series: Series;
}

/** An instrument with its series of this moment, those that are read at collection among them. */
export interface Collected {
  readonly instrument: Instrument;
  readonly series: Iterable<CollectedSeries>;
}

export interface MetricsRegistry extends Metrics {
  /** Everything as it stands, for an exporter in this process. */
  collect(): readonly Collected[];
}

export interface RegistryOptions {
  readonly clock?: Clock;
}

export function metricsRegistry(options: RegistryOptions = {}): MetricsRegistry {
  const clock = options.clock ?? systemClock;
  const sinceWallMs = clock.wall();
  const entries = new Map<string, Entry>();

  function declare(name: string, kind: InstrumentKind, { help, labels = [] }: InstrumentOptions): Entry {
    const known = entries.get(name);
    if (known) {
      if (known.instrument.kind === kind && known.instrument.labels.join() === labels.join()) return known;
      const there = `${known.instrument.kind} with the labels [${known.instrument.labels.join(', ')}]`;
      throw new GoblinError('ALREADY_EXISTS', { message: `the metric ${name} is already a ${there}` });
    }
    check(name, kind, labels);
    if (entries.size >= MAX_INSTRUMENTS) {
      const message = `there are ${MAX_INSTRUMENTS} metrics already: ${name} is probably one of many made in a loop`;
      throw new GoblinError('RESOURCE_EXHAUSTED', { message });
    }
    const unit = UNITS.find((unit) => name.replace(/_total$/, '').endsWith(`_${unit}`)) ?? '';
    const instrument: Instrument = { name, kind, unit, help, labels: [...labels] };
    const entry: Entry = { instrument, series: new Map(), readers: new Set() };
    entries.set(name, entry);
    return entry;
  }

  function newSeries({ kind, unit }: Instrument): Series {
    if (kind === 'histogram') return new HistogramSeries(classicBuckets(unit), clock);
    return kind === 'counter' ? new CounterSeries() : new NumberSeries();
  }

  /** The series of these label values in `all`, made where it is missing, `other` where there are too many. */
  function seriesOf(
    instrument: Instrument,
    all: Map<string, CollectedSeries>,
    values: readonly string[],
  ): Series {
    const { name, labels } = instrument;
    if (values.length !== labels.length) {
      const message = `${name} takes ${labels.length} label values (${labels.join(', ')}), not ${values.length}`;
      throw new GoblinError('INVALID_INPUT', { message });
    }
    const bounded = values.map((value) => value.slice(0, MAX_LABEL_LENGTH));
    const found = all.get(bounded.join('\0'));
    if (found) return found.series;
    const isRefused = all.size >= MAX_SERIES && instrument !== refused.instrument;
    if (isRefused) (seriesOf(refused.instrument, refused.series, [name]) as Counter).add();
    const kept = isRefused ? labels.map(() => 'other') : bounded;
    const key = kept.join('\0');
    let entry = all.get(key);
    if (!entry) {
      entry = { labels: kept, series: newSeries(instrument) };
      all.set(key, entry);
    }
    return entry.series;
  }

  function labelled<S>(entry: Entry): Labelled<S> {
    return { with: (...values) => seriesOf(entry.instrument, entry.series, values) as S };
  }

  const refused = declare('metrics_series_refused_total', 'counter', {
    help: `Series counted under "other" because their metric had ${MAX_SERIES} already.`,
    labels: ['metric'],
  });
  const failedReads = labelled<Counter>(
    declare('metrics_read_failures_total', 'counter', {
      help: 'Times a value could not be read at collection.',
      labels: ['metric'],
    }),
  );

  function collected({ instrument, series, readers }: Entry): Collected {
    if (readers.size === 0) return { instrument, series: series.values() };
    const all = new Map(series);
    for (const read of readers) {
      try {
        read((value, ...labels) => (seriesOf(instrument, all, labels) as NumberSeries).set(value));
      } catch {
        failedReads.with(instrument.name).add();
      }
    }
    return { instrument, series: all.values() };
  }

  function collect(names?: readonly string[]): Collected[] {
    const wanted = names ? names.flatMap((name) => entries.get(name) ?? []) : [...entries.values()];
    return wanted.map(collected);
  }

  function snapshot(names?: readonly string[]): MetricsSnapshot {
    const metrics = collect(names).map(({ instrument, series }) => ({
      ...instrument,
      series: Array.from(series, ({ labels, series }) =>
        series instanceof HistogramSeries
          ? { labels, histogram: series.values.snapshot() }
          : { labels, value: series.value },
      ),
    }));
    return { wallMs: clock.wall(), sinceWallMs, metrics };
  }

  return {
    counter: (name, options) => labelled(declare(name, 'counter', options)),
    gauge: (name, options) => labelled(declare(name, 'gauge', options)),
    histogram: (name, options) => labelled(declare(name, 'histogram', options)),
    observe(name, options, read) {
      const entry = declare(name, name.endsWith('_total') ? 'counter' : 'gauge', options);
      entry.readers.add(read);
      return { [Symbol.dispose]: () => void entry.readers.delete(read) };
    },
    instruments: () =>
      [...entries.values()].map(({ instrument }) => instrument).sort((a, b) => (a.name < b.name ? -1 : 1)),
    snapshot,
    collect: () => collect(),
    expose: (format) => exposition(collect(), format),
  };
}

function check(name: string, kind: InstrumentKind, labels: readonly string[]): void {
  const problem = problemOf(name, kind, labels);
  if (problem)
    throw new GoblinError('INVALID_INPUT', { message: `the metric ${JSON.stringify(name)} ${problem}` });
}

function problemOf(name: string, kind: InstrumentKind, labels: readonly string[]): string | undefined {
  if (!METRIC_NAME.test(name)) return 'needs a name of lower-case letters, digits and underscores';
  if (RESERVED_SUFFIX.test(name)) return 'has a name that ends like a sample of a histogram';
  if (name.endsWith('_total') !== (kind === 'counter'))
    return 'must end in _total exactly when it is a counter';
  const wrong = labels.find((label, i) => !LABEL_NAME.test(label) || labels.indexOf(label) !== i);
  return wrong === undefined ? undefined : `cannot have the label ${JSON.stringify(wrong)}`;
}
