/** Samples by their times: of each series in order, so that receivers which want that (Prometheus) have it. */
import type { Labels, Matcher } from '../../model.ts';
import { keyOf as seriesKeyOf } from '../../store/metrics/labels.ts';
import type { SelectedSeries } from '../../store/metrics/select.ts';
import type { TelemetryStore } from '../../store/telemetry-store.ts';
import type { Exporter } from '../exporter.ts';
import { charactersOf, MAX_CHARACTERS, MAX_ITEMS, type Portion } from '../portion.ts';
import { type Feed, windowedFeed } from './feed.ts';

const WINDOW_POINTS = 250_000;
/** Of a group of series that are of use only together. */
const MAX_TOGETHER: number = 10 * MAX_ITEMS;

export function metricsFeed(
  store: Pick<TelemetryStore, 'select'>,
  { selections, keyOf }: Pick<Exporter, 'selections' | 'keyOf'>,
): Feed {
  return windowedFeed(WINDOW_POINTS, async (fromMs, toMs, signal) => {
    const series = await select(store, selections, fromMs, toMs, signal);
    const items = series.reduce((sum, { times }) => sum + times.length, 0);
    return { items, portions: portionsOf(groupsOf(series, keyOf)) };
  });
}

/** Times are whole milliseconds. A series that several selections match counts once. */
async function select(
  store: Pick<TelemetryStore, 'select'>,
  selections: readonly (readonly Matcher[])[],
  fromMs: number,
  toMs: number,
  signal: AbortSignal,
): Promise<readonly SelectedSeries[]> {
  if (selections.length === 1) return store.select(selections[0]!, fromMs, toMs - 1, { signal });
  const found = new Map<string, SelectedSeries>();
  for (const matchers of selections)
    for (const series of await store.select(matchers, fromMs, toMs - 1, { signal }))
      found.set(seriesKeyOf(series.labels), series);
  return [...found.values()];
}

/** What belongs together is one group; each series alone where nothing does. */
function groupsOf(
  series: readonly SelectedSeries[],
  keyOf: ((labels: Labels) => string) | undefined,
): Iterable<readonly SelectedSeries[]> {
  return keyOf ? Map.groupBy(series, ({ labels }) => keyOf(labels)).values() : series.map((one) => [one]);
}

/** Fills portions group by group. A group that one portion cannot hold is cut, series by series. */
export function* portionsOf(groups: Iterable<readonly SelectedSeries[]>): Generator<Portion> {
  let series: SelectedSeries[] = [];
  let items = 0;
  let characters = 0;
  function* flush(): Generator<Portion> {
    if (series.length > 0) yield { signal: 'metrics', series };
    series = [];
    items = 0;
    characters = 0;
  }
  for (const group of groups) {
    const size = group.reduce((sum, { times }) => sum + times.length, 0);
    if (items + size > MAX_ITEMS) yield* flush();
    const most = group.length > 1 ? MAX_TOGETHER : MAX_ITEMS;
    for (const { labels, times, values } of group) {
      for (let from = 0; from < times.length; ) {
        const to = Math.min(times.length, from + most - items);
        series.push({ labels, times: times.subarray(from, to), values: values.subarray(from, to) });
        items += to - from;
        from = to;
        if (items >= most) yield* flush();
      }
      characters += charactersOf(labels);
    }
    if (items >= MAX_ITEMS || characters >= MAX_CHARACTERS) yield* flush();
  }
  yield* flush();
}
