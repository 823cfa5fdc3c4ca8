/** Samples by their times: of each series in order, so that receivers which want that (Prometheus) have it. */
import type { Labels, Matcher } from '../../model.ts';
import { keyOf as seriesKeyOf } from '../../store/metrics/labels.ts';
import type { SelectedSeries } from '../../store/metrics/packed-series.ts';
import type { TelemetryStore } from '../../store/telemetry-store.ts';
import type { Exporter } from '../exporter.ts';
import {
  charactersOf,
  type ExportedSeries,
  exemplarsOf,
  MAX_CHARACTERS,
  MAX_ITEMS,
  type Portion,
} from '../portion.ts';
import { exemplarTrail } from './exemplar-trail.ts';
import { type Feed, windowedFeed } from './feed.ts';

const WINDOW_POINTS = 250_000;
/** Of a group of series that are of use only together. */
const MAX_TOGETHER: number = 10 * MAX_ITEMS;

export function metricsFeed(
  store: Pick<TelemetryStore, 'select' | 'exemplars'>,
  { selections, keyOf, takesExemplars }: Pick<Exporter, 'selections' | 'keyOf' | 'takesExemplars'>,
): Feed {
  const trail = exemplarTrail(store, selections);
  return windowedFeed(WINDOW_POINTS, async (fromMs, toMs, signal) => {
    const selected = await select(store, selections, fromMs, toMs, signal);
    const items = selected.reduce((sum, { times }) => sum + times.length, 0);
    const read = takesExemplars && items > 0 ? await trail.beside(selected, fromMs, toMs, signal) : undefined;
    const portions = portionsOf(groupsOf(read?.series ?? selected, keyOf));
    return { items, portions, ...(read && { done: read.done }) };
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
  series: readonly ExportedSeries[],
  keyOf: ((labels: Labels) => string) | undefined,
): Iterable<readonly ExportedSeries[]> {
  return keyOf ? Map.groupBy(series, ({ labels }) => keyOf(labels)).values() : series.map((one) => [one]);
}

/** Fills portions group by group. A group that one portion cannot hold is cut, series by series. */
export function* portionsOf(groups: Iterable<readonly ExportedSeries[]>): Generator<Portion> {
  let series: ExportedSeries[] = [];
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
    for (const one of group) {
      const { labels, times, values } = one;
      for (let from = 0; from < times.length; ) {
        const to = Math.min(times.length, from + most - items);
        const exemplars = exemplarsOf(one, from, to);
        series.push({
          labels,
          times: times.subarray(from, to),
          values: values.subarray(from, to),
          ...(exemplars.length > 0 && { exemplars }),
        });
        for (const exemplar of exemplars) characters += charactersOf(exemplar.labels);
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
