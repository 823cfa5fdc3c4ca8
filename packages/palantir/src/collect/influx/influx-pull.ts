/** Pulls chosen measurements out of an InfluxDB that others write to. Each is read in windows of time, and how far is in the state
 * database, written when the store has committed a whole window; after a restart, of either side, it goes on from there.
 *
 * Points come late in practice, so each look begins `overlapMs` before the end of the last one: what is there already is
 * written over with itself. A point that is later than that is missed. */

import type { Labels } from '../../model.ts';
import type { StateDatabase } from '../../state/state-database.ts';
import type { Collector, CollectorTools } from '../collector.ts';
import { collectorMeter } from '../collector-meter.ts';
import { keeper } from '../keep.ts';
import { deadlineSignal, eachPeriod } from '../periods.ts';
import { type FluxSource, fluxReader } from './flux-reader.ts';
import type { InfluxPoint, InfluxReader } from './influx-reader.ts';
import { samplesOf } from './influx-samples.ts';
import { type InfluxqlSource, influxqlReader } from './influxql-reader.ts';
import { type SqlSource, sqlReader } from './sql-reader.ts';

const NAME = 'influx';
/** Read and committed as one; after a long stop there are many. */
const MAX_WINDOW_MS = 3_600_000;
const MIN_WINDOW_MS = 60_000;
const MAX_BATCH_POINTS = 5_000;
/** Of one window. */
const TIMEOUT_MS = 60_000;

const STEPS = [
  `CREATE TABLE influx_cursor (
    source TEXT NOT NULL,
    measurement TEXT NOT NULL,
    before_ms INTEGER NOT NULL,
    PRIMARY KEY (source, measurement)
  ) STRICT, WITHOUT ROWID`,
];

export type InfluxSource =
  | ({ readonly version: 1 } & InfluxqlSource)
  | ({ readonly version: 2 } & FluxSource)
  | ({ readonly version: 3 } & SqlSource);

export interface InfluxPullOptions {
  readonly source: InfluxSource;
  readonly measurements: readonly string[];
  /** Added to each series. */
  readonly labels?: Labels;
  /** Default 10,000. */
  readonly periodMs?: number;
  /** How late points may come. Default 60,000. */
  readonly overlapMs?: number;
  /** How far back the first look goes. Default an hour. */
  readonly reachMs?: number;
}

export function influxPull(
  tools: CollectorTools & { readonly state: StateDatabase },
  options: InfluxPullOptions,
): Collector {
  const { source, measurements, labels = {} } = options;
  const { periodMs = 10_000, overlapMs = 60_000, reachMs = 3_600_000 } = options;
  const { clock, state } = tools;
  const meter = collectorMeter(NAME, tools.metrics, tools.log);
  const keep = keeper(tools, meter);
  const reader = readerOf(source);
  const place = placeOf(source);
  state.migrate('influx', STEPS);
  const get = state.db.prepare('SELECT before_ms FROM influx_cursor WHERE source = ? AND measurement = ?');
  const put = state.db.prepare(
    'INSERT OR REPLACE INTO influx_cursor (source, measurement, before_ms) VALUES (?, ?, ?)',
  );

  /** Halved when one could not be read, because it may have been too much for its time. */
  let windowMs = MAX_WINDOW_MS;

  /** @returns whether all of it is in the store. */
  async function readWindow(
    measurement: string,
    fromMs: number,
    beforeMs: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    using deadline = deadlineSignal(clock, TIMEOUT_MS, signal);
    let points: InfluxPoint[] = [];
    const send = async (): Promise<boolean> => {
      const batch = samplesOf(measurement, points, clock.wall(), labels);
      points = [];
      return keep.patiently(batch, signal);
    };
    for await (const point of reader.read(measurement, fromMs, beforeMs, deadline.signal))
      if (points.push(point) >= MAX_BATCH_POINTS && !(await send())) return false;
    return points.length === 0 || send();
  }

  async function readOn(measurement: string, signal: AbortSignal): Promise<void> {
    const nowMs = Math.floor(clock.wall());
    const known = get.get(place, measurement) as { before_ms: number } | undefined;
    let fromMs = known ? known.before_ms - overlapMs : nowMs - reachMs;
    while (fromMs < nowMs && !signal.aborted) {
      const beforeMs = Math.min(nowMs, fromMs + windowMs);
      if (!(await readWindow(measurement, fromMs, beforeMs, signal))) return;
      put.run(place, measurement, beforeMs);
      fromMs = beforeMs;
      meter.lag(clock.wall() - beforeMs);
    }
  }

  return {
    name: NAME,
    run: (signal) =>
      eachPeriod(clock, periodMs, signal, async () => {
        for (const measurement of measurements) {
          try {
            await readOn(measurement, signal);
            windowMs = Math.min(2 * windowMs, MAX_WINDOW_MS);
            meter.succeeded(`${place} ${measurement}`);
          } catch (error) {
            windowMs = Math.max(windowMs / 2, MIN_WINDOW_MS);
            if (!signal.aborted) meter.failed(`${place} ${measurement}`, error);
          }
        }
      }),
  };
}

function readerOf(source: InfluxSource): InfluxReader {
  switch (source.version) {
    case 1:
      return influxqlReader(source);
    case 2:
      return fluxReader(source);
    case 3:
      return sqlReader(source);
  }
}

function placeOf(source: InfluxSource): string {
  const { url } = source;
  return source.version === 2 ? `${url} ${source.org}/${source.bucket}` : `${url} ${source.database}`;
}
