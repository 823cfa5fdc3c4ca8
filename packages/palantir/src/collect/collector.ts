/** What fetches telemetry that nobody sends: it reads a source again and again and puts what it finds into the store.
 *
 * All collectors behave alike. One whose source fails says so once in the log, counts each failure, tries again, and says once
 * that the source is back. What can be read again later (files, logs of containers, databases) waits for a store that is full;
 * what cannot (a look at a machine, a datagram) is given up and counted. */
import type { Clock, Logger, Metrics } from '@goblin/core';
import type { TelemetryStore } from '../store/store.ts';

export interface Collector {
  readonly name: string;
  /** Collects until it is aborted, then returns. What a source does wrong never makes it reject. */
  run(signal: AbortSignal): Promise<void>;
}

export interface CollectorTools {
  readonly store: Pick<TelemetryStore, 'append' | 'ingest'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}
