/** Exemplars beside the samples that go out. An exemplar belongs to the sample that came with it, the first of its series at its time or
 * after it, which may lie in a later window: so those of the last REACH_MS are looked at, and what has gone out is remembered by the
 * time of the last one of each series. After a start some go out again; receivers know equal ones. */
import type { Matcher } from '../../model.ts';
import type { ExemplarPoint } from '../../store/metrics/exemplar-select.ts';
import { keyOf } from '../../store/metrics/labels.ts';
import type { SelectedSeries } from '../../store/metrics/packed-series.ts';
import type { TelemetryStore } from '../../store/telemetry-store.ts';
import type { ExportedSeries } from '../portion.ts';

/** Samples of one series are seldom further apart. */
const REACH_MS = 120_000;

export interface ExemplarTrail {
  /** The same series with those that belong to their samples. Rejects with what the store throws. */
  beside(
    series: readonly SelectedSeries[],
    fromMs: number,
    toMs: number,
    signal: AbortSignal,
  ): Promise<{
    readonly series: readonly ExportedSeries[];
    /** To be called when all of them have gone out. */
    done(): void;
  }>;
}

export function exemplarTrail(
  store: Pick<TelemetryStore, 'exemplars'>,
  selections: readonly (readonly Matcher[])[],
): ExemplarTrail {
  /** By series, for as long as it reaches: no more series than have exemplars within it. */
  let sentTo: ReadonlyMap<string, number> = new Map();

  async function read(
    fromMs: number,
    toMs: number,
    signal: AbortSignal,
  ): Promise<Map<string, readonly ExemplarPoint[]>> {
    const found = new Map<string, readonly ExemplarPoint[]>();
    for (const matchers of selections)
      for (const { series, exemplars } of await store.exemplars(
        matchers,
        fromMs - REACH_MS,
        toMs - 1,
        signal,
      ))
        found.set(keyOf(series), exemplars);
    return found;
  }

  return {
    async beside(selected, fromMs, toMs, signal) {
      const found = await read(fromMs, toMs, signal);
      const sent = new Map([...sentTo].filter(([, atMs]) => atMs >= fromMs - REACH_MS));
      const series = selected.map((one): ExportedSeries => {
        const key = found.size > 0 ? keyOf(one.labels) : '';
        const lastMs = one.times.at(-1)!;
        const afterMs = sent.get(key) ?? Number.NEGATIVE_INFINITY;
        const exemplars = found.get(key)?.filter(({ atMs }) => atMs > afterMs && atMs <= lastMs) ?? [];
        if (exemplars.length === 0) return one;
        sent.set(key, exemplars.at(-1)!.atMs);
        return { ...one, exemplars };
      });
      return {
        series,
        done() {
          sentTo = sent;
        },
      };
    },
  };
}
