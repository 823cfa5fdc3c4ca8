/** Keeps metrics, logs and traces on this machine: one SQLite file per day in a folder, written by one thread and read by another,
 * so that neither decoding nor searching holds up the process.
 *
 * Promises
 * - A batch is answered once it is committed; what is committed survives the death of the process at any moment.
 * - What is good in a batch is kept, what is not is counted with its reason: times too old or too far ahead, too many series
 *   (the label that makes them is named), labels or records too large.
 * - What is sent again: of samples of one series at one time the last one written counts, and of spans with one id the last one is
 *   shown. Log lines that say where they were read (`Batch.origins`) are kept once; others as often as they are sent.
 * - Memory is bounded: requests that wait for the writer, what waits to be sealed, reads at a time and what each may answer.
 *
 * How: batches become rows of journals at first, and are sealed into compressed blocks later (metrics/day-samples.ts,
 * logs/day-logs.ts, traces/day-spans.ts). Days are UTC. One process at a time may have a folder open to write. */
import { mkdir } from 'node:fs/promises';
import { resolve as resolvePath } from 'node:path';
import { type Clock, GoblinError, systemClock } from '@goblin/core';
import type { Batch, LogLine } from '../model.ts';
import { lockFolder } from './folder-lock.ts';
import {
  DEFAULT_MAX_SERIES,
  DEFAULT_MAX_SERIES_PER_METRIC,
  MAX_QUEUED_BYTES,
  MAX_QUEUED_REQUESTS,
  MAX_READS,
  READ_TIMEOUT_MS,
} from './limits.ts';
import { LogListeners } from './logs/log-listeners.ts';
import type { LogQuery } from './logs/log-search.ts';
import { packSamples } from './metrics/packed-samples.ts';
import { type PackedSeries, unpackSeries } from './metrics/packed-series.ts';
import { Parts } from './parts.ts';
import type { SearchEnd } from './search-budget.ts';
import type { TraceAnswer } from './store-reader.ts';
import type { Appended, Committed, Retention, WriterStats } from './store-writer.ts';
import type { TelemetryStore } from './telemetry-store.ts';
import type { ReaderMethod } from './threads/reader-thread.ts';
import { Thread } from './threads/thread.ts';
import type { WriterCalls, WriterThreadData } from './threads/writer-thread.ts';

export type { SelectOptions, StoreStats, TelemetryStore } from './telemetry-store.ts';

/** How often the writer keeps house. */
const TICK_MS = 30_000;
/** A reader that is so long over its time is stuck (an endless regular expression) and is started anew. */
const STUCK_MS: number = READ_TIMEOUT_MS + 5_000;
/** Sources run as they are and, published, as JavaScript. */
const EXTENSION: string = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
/** Of a sample, line or span besides its text, roughly. */
const ITEM_BYTES = 100;

export interface StoreOptions {
  /** Made where it is not there. */
  readonly folder: string;
  readonly retention: Retention;
  /** Of new series per day; see metrics/series-registry.ts. Default 200,000 and 10,000. */
  readonly maxSeries?: number;
  readonly maxSeriesPerMetric?: number;
  /** A module that exports `decoders` (decoding.ts), for `ingest`. Default those of this package. */
  readonly decoders?: URL;
  readonly clock?: Clock;
}

/** @throws INVALID_INPUT for a retention that keeps nothing, STORE_UNAVAILABLE where the folder cannot be used or is in use */
export async function openStore(options: StoreOptions): Promise<TelemetryStore> {
  const { retention, clock = systemClock } = options;
  const folder = resolvePath(options.folder);
  if (!(retention.days > 0 && retention.bytes > 0))
    throw new GoblinError('INVALID_INPUT', {
      message: 'retention.days and retention.bytes must be larger than 0',
    });
  const unlock = await ownFolder(folder);
  const listeners = new LogListeners();
  const data: WriterThreadData = {
    folder,
    retention: { days: retention.days, bytes: retention.bytes },
    limits: {
      series: options.maxSeries ?? DEFAULT_MAX_SERIES,
      seriesPerMetric: options.maxSeriesPerMetric ?? DEFAULT_MAX_SERIES_PER_METRIC,
    },
    nowMs: clock.wall(),
    heardFrom: listeners.heardFrom,
    decoders: (options.decoders ?? new URL(`../decode/decoders${EXTENSION}`, import.meta.url)).href,
  };
  const writer = new Thread(new URL(`./threads/writer-thread${EXTENSION}`, import.meta.url), data);
  const reader = new Thread(new URL(`./threads/reader-thread${EXTENSION}`, import.meta.url), { folder });
  let queuedBytes = 0;

  function write<Method extends keyof WriterCalls>(
    method: Method,
    argument: WriterCalls[Method],
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<unknown> {
    return writer.call(method, argument, { transfer });
  }

  async function enqueue(bytes: number, send: () => Promise<unknown>): Promise<Appended> {
    if (
      writer.openCalls >= MAX_QUEUED_REQUESTS ||
      (queuedBytes > 0 && queuedBytes + bytes > MAX_QUEUED_BYTES)
    ) {
      const message = `too much telemetry waits to be written (${writer.openCalls} requests, ${queuedBytes} bytes): send it again later`;
      throw new GoblinError('RESOURCE_EXHAUSTED', { message });
    }
    queuedBytes += bytes;
    try {
      const { heard, ...appended } = (await send()) as Committed;
      if (heard) listeners.tell(heard);
      return appended;
    } finally {
      queuedBytes -= bytes;
    }
  }

  async function read<Answer>(
    method: ReaderMethod,
    argument: unknown,
    signal: AbortSignal | undefined,
    onPart?: (part: unknown) => void,
  ): Promise<Answer> {
    if (reader.openCalls >= MAX_READS)
      throw new GoblinError('RESOURCE_EXHAUSTED', { message: `${MAX_READS} reads of telemetry run already` });
    const call = { signal, timeoutMs: STUCK_MS, ...(onPart && { onPart }) };
    return (await reader.call(method, argument, call)) as Answer;
  }

  async function* searchLogs(
    query: LogQuery,
    signal?: AbortSignal,
    ended?: (end: SearchEnd) => void,
  ): AsyncGenerator<LogLine> {
    const left = new AbortController();
    const parts = new Parts<LogLine[]>();
    const either = signal ? AbortSignal.any([signal, left.signal]) : left.signal;
    read<SearchEnd>('searchLogs', query, either, (part) => parts.add(part as LogLine[])).then(
      (end) => {
        ended?.(end);
        parts.end();
      },
      (error: unknown) => parts.fail(error),
    );
    try {
      for await (const lines of parts) yield* lines;
    } finally {
      left.abort();
    }
  }

  let isTicking = false;
  const ticking = clock.every(TICK_MS, () => {
    if (isTicking) return;
    isTicking = true;
    const done = (): void => {
      isTicking = false;
    };
    // What fails here shows in the next append.
    write('tick', { nowMs: clock.wall() }).then(done, done);
  });

  let closing: Promise<void> | undefined;
  function close(): Promise<void> {
    closing ??= (async () => {
      ticking.cancel();
      await write('close', {}).catch(() => {});
      await Promise.all([writer.close(), reader.close()]);
      unlock();
    })();
    return closing;
  }

  return {
    append: (batch) => {
      const packed = packSamples(batch.samples);
      const { samples: _, ...rest } = batch;
      const message = { batch: { packed, ...rest }, nowMs: clock.wall() };
      const columns = [packed.seriesOf, packed.times, packed.values].map(
        ({ buffer }) => buffer as ArrayBuffer,
      );
      return enqueue(bytesOf(batch), () => write('append', message, columns));
    },
    ingest: (format, bytes, target) =>
      enqueue(bytes.byteLength, () => {
        const isWhole = bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength;
        // Not slice(): that of a Buffer is a view of a pool that others use.
        const own = isWhole ? bytes : new Uint8Array(bytes);
        return write('ingest', { format, bytes: own, target, nowMs: clock.wall() }, [
          own.buffer as ArrayBuffer,
        ]);
      }),
    select: async (matchers, fromMs, toMs, { stepMs, aggregate, signal } = {}) =>
      unpackSeries(await read<PackedSeries>('select', { matchers, fromMs, toMs, stepMs, aggregate }, signal)),
    labelNames: (matchers, fromMs, toMs, signal) => read('labelNames', { matchers, fromMs, toMs }, signal),
    labelValues: (label, matchers, fromMs, toMs, signal) =>
      read('labelValues', { label, matchers, fromMs, toMs }, signal),
    series: (matchers, fromMs, toMs, signal) => read('series', { matchers, fromMs, toMs }, signal),
    exemplars: (matchers, fromMs, toMs, signal) => read('exemplars', { matchers, fromMs, toMs }, signal),
    searchLogs,
    filterLogs: (filter, signal) => read('filterLogs', filter, signal),
    countLines: (query, signal) => read('countLines', query, signal),
    onLogs: (listener, fromSeverity) => listeners.add(listener, fromSeverity),
    logCounts: (query, signal) => read('logCounts', query, signal),
    endedSpans: (fromMs, toMs, signal) => read('endedSpans', { fromMs, toMs }, signal),
    trace: (traceId, signal) => read('trace', { traceId: traceId.toLowerCase() }, signal),
    searchTraces: async (query, signal, ended) => {
      const { traces, end } = await read<TraceAnswer>('searchTraces', query, signal);
      ended?.(end);
      return traces;
    },
    stats: async () => ({
      ...((await write('stats', {})) as WriterStats),
      queuedRequests: writer.openCalls,
      queuedBytes,
      reads: reader.openCalls,
    }),
    seal: async () => {
      await write('seal', {});
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function ownFolder(folder: string): Promise<() => void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new GoblinError('STORE_UNAVAILABLE', {
      message: `${folder}: ${(error as Error).message}`,
      cause: error,
    });
  }
  return lockFolder(folder);
}

/** What the batch takes while it waits, roughly. */
function bytesOf({ samples, exemplars = [], logs, spans }: Batch): number {
  let bytes = ITEM_BYTES * (samples.length + exemplars.length + logs.length + spans.length);
  for (const { body, attributes } of logs) {
    bytes += body.length;
    for (const name in attributes) bytes += name.length + attributes[name]!.length;
  }
  for (const { attributes } of spans)
    for (const name in attributes) bytes += name.length + attributes[name]!.length;
  return bytes;
}
