/** A store for tests of collectors: it keeps in memory what it is given, decodes what is ingested, and fails when it is told to. */
import { type Clock, GoblinError, systemClock } from '@goblin/core';
import { decoders, type Format } from '../../decode/decoders.ts';
import type { Batch, Labels, LogLine, Matcher, Sample } from '../../model.ts';
import type { TelemetryStore } from '../../store/store.ts';
import { seriesKey } from '../series-key.ts';

export interface RecordingStore extends Pick<TelemetryStore, 'append' | 'ingest' | 'series' | 'select'> {
  readonly samples: Sample[];
  readonly logs: LogLine[];
  /** While set, every call fails with it. */
  failure: GoblinError | undefined;
  /** While set, every call waits for it. */
  gate: Promise<void> | undefined;
  /** The newest value of a series, by its name and some of its labels. */
  valueOf(name: string, labels?: Labels): number | undefined;
}

export const FULL: GoblinError = new GoblinError('RESOURCE_EXHAUSTED', { message: 'full' });

/** @param clock of what is ingested */
export function recordingStore(clock: Clock = systemClock): RecordingStore {
  const store: RecordingStore = {
    samples: [],
    logs: [],
    failure: undefined,
    gate: undefined,
    async append(batch: Batch) {
      await store.gate;
      if (store.failure) throw store.failure;
      store.samples.push(...batch.samples);
      store.logs.push(...batch.logs);
      return { accepted: batch.samples.length + batch.logs.length, rejected: batch.rejected };
    },
    ingest: async (format, bytes, target) =>
      store.append(decoders[format as Format](bytes, clock.wall(), target)),
    async series(matchers) {
      const all = new Map(store.samples.map(({ series }) => [seriesKey(series), series]));
      return [...all.values()].filter((series) => matches(series, matchers));
    },
    async select(matchers, fromMs, toMs) {
      await store.gate;
      if (store.failure) throw store.failure;
      const found = store.samples.filter(
        ({ series, atMs }) => atMs >= fromMs && atMs <= toMs && matches(series, matchers),
      );
      return [...Map.groupBy(found, ({ series }) => seriesKey(series)).values()].map((samples) => ({
        labels: samples[0]!.series,
        times: Float64Array.from(samples, ({ atMs }) => atMs),
        values: Float64Array.from(samples, ({ value }) => value),
      }));
    },
    valueOf: (name, labels = {}) =>
      store.samples.findLast(
        ({ series }) =>
          series.__name__ === name && Object.keys(labels).every((label) => series[label] === labels[label]),
      )?.value,
  };
  return store;
}

function matches(series: Labels, matchers: readonly Matcher[]): boolean {
  return matchers.every(({ label, op, value }) => {
    if (op !== '=' && op !== '!=') throw new Error(`this store does not know ${op}`);
    return (op === '=') === ((series[label] ?? '') === value);
  });
}
