/** All exporters together: started and ended as the settings say. Each has one loop per kind of telemetry, and makes one request at a
 * time. One whose receiver is away, slow or wrong holds up neither the others nor what is taken in. */
import { hostname } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import { type Clock, type Logger, type Metrics, milliseconds } from '@goblin/core';
import type { Fetch } from '../notify/http-post.ts';
import type { StateDatabase } from '../state/state-database.ts';
import type { TelemetryStore } from '../store/telemetry-store.ts';
import { exportLoop } from './export-loop.ts';
import { exportMeters } from './export-meter.ts';
import type { Exporter } from './exporter.ts';
import { influxExporter } from './exporters/influx.ts';
import { otlpExporter } from './exporters/otlp.ts';
import { remoteWriteExporter } from './exporters/remote-write.ts';
import type { Feed } from './feeds/feed.ts';
import { logsFeed } from './feeds/logs-feed.ts';
import { metricsFeed } from './feeds/metrics-feed.ts';
import { spansFeed } from './feeds/spans-feed.ts';
import type { ReceiverTools } from './http/receiver.ts';
import type { Signal } from './portion.ts';
import { exportPositions } from './positions.ts';
import { type ExporterSettings, type ExportSettings, exportDefaults } from './settings.ts';

export interface ExportTools {
  readonly store: Pick<TelemetryStore, 'select' | 'exemplars' | 'searchLogs' | 'endedSpans'>;
  readonly state: StateDatabase;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly fetch: Fetch;
  /** From 0 to 1. Default Math.random. */
  readonly random?: () => number;
  /** Of this machine, for receivers that want to know. Default that of the system. */
  readonly host?: string;
}

export interface Exports {
  /** Ends those that are not in it any more or have changed, and starts what is new. Before `run` it only notes. */
  apply(settings: ExportSettings): void;
  /** Until it is aborted. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

interface Running {
  readonly settings: ExporterSettings;
  readonly stop: AbortController;
  readonly ended: Promise<unknown>;
}

export function createExports(tools: ExportTools): Exports {
  const { store, clock, log } = tools;
  const positions = exportPositions(tools.state);
  const meters = exportMeters(tools.metrics, log);
  const running = new Map<string, Running>();
  let settings: ExportSettings = {};
  let over: AbortSignal | undefined;

  function start(one: ExporterSettings, before: Promise<unknown> | undefined): void {
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, over!]);
    const exporter = exporterOf(one, { fetch: tools.fetch, clock, host: tools.host ?? hostname() });
    const inTurn = turns();
    const loops = exporter.signals.map(async (kind) => {
      await before;
      const meter = meters(one.name, kind);
      const delivery = { exporter, meter, clock, random: tools.random ?? Math.random, inTurn };
      const { delay, reach } = { ...exportDefaults, ...one };
      const bounds = { delayMs: milliseconds(delay), reachMs: milliseconds(reach) };
      const feed = feedOf(kind, store, exporter);
      await exportLoop(
        { exporter: one.name, signal: kind, feed, positions, delivery, clock, ...bounds },
        signal,
      );
    });
    const ended = Promise.all(loops).catch((err: unknown) => {
      if (!signal.aborted) log.error({ err, exporter: one.name }, 'an exporter has failed');
    });
    running.set(one.name, { settings: one, stop, ended });
  }

  function change(): void {
    const wanted = new Map(settings.exporters?.map((one) => [one.name, one]));
    for (const [name, { settings: old, stop }] of running) {
      if (isDeepStrictEqual(wanted.get(name), old)) wanted.delete(name);
      else stop.abort();
    }
    const ending = new Map(running);
    for (const [name, { stop }] of ending) if (stop.signal.aborted) running.delete(name);
    for (const [name, one] of wanted) start(one, ending.get(name)?.ended);
  }

  return {
    apply(next) {
      settings = next;
      if (over && !over.aborted) change();
    },
    async run(signal) {
      over = signal;
      change();
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        else signal.addEventListener('abort', () => resolve(), { once: true });
      });
      await Promise.all(Array.from(running.values(), ({ ended }) => ended));
      running.clear();
    },
  };
}

function exporterOf(settings: ExporterSettings, tools: ReceiverTools & { readonly host: string }): Exporter {
  switch (settings.kind) {
    case 'remoteWrite':
      return remoteWriteExporter(settings, tools);
    case 'otlp':
      return otlpExporter(settings, tools);
    case 'influx':
      return influxExporter(settings, tools);
  }
}

function feedOf(signal: Signal, store: ExportTools['store'], exporter: Exporter): Feed {
  if (signal === 'logs') return logsFeed(store);
  return signal === 'traces' ? spansFeed(store) : metricsFeed(store, exporter);
}

/** Runs one after the other what is given to it. */
function turns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work, work);
    last = next.catch(() => {});
    return next;
  };
}
