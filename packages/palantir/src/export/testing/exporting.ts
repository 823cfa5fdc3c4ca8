/** Exporters over a store and a state of their own, by a clock that stands still until a test moves it. */
import { setTimeout as tick } from 'node:timers/promises';
import { metricsRegistry, testTelemetry, type VirtualClock } from '@goblin/core';
import { openState } from '../../state/state-database.ts';
import { temporaryFolder } from '../../store/fixtures/folder.ts';
import { noonClock } from '../../store/fixtures/telemetry.ts';
import { openStore } from '../../store/store.ts';
import type { TelemetryStore } from '../../store/telemetry-store.ts';
import { createExports, type Exports } from '../exports.ts';
import type { ExporterSettings } from '../settings.ts';

const STEP_MS = 1_000;
const WAITS_MS = 40;
/** Virtual. */
const PATIENCE_MS = 1_800_000;

export interface Exporting extends AsyncDisposable {
  readonly store: TelemetryStore;
  readonly clock: VirtualClock;
  readonly exports: Exports;
  /** Moves time until it holds. @throws when half an hour did not do */
  until(holds: () => boolean): Promise<void>;
  /** Moves time so far, in steps that leave requests time to end. */
  pass(ms: number): Promise<void>;
  /** Ends the exporters, as a restart does. */
  stop(): Promise<void>;
  /** Starts them again on the same state. */
  start(...exporters: ExporterSettings[]): void;
  /** Of a metric, over all its series. */
  count(metric: string): number;
}

export async function exporting(...exporters: ExporterSettings[]): Promise<Exporting> {
  const folder = temporaryFolder();
  const clock = noonClock();
  const store = await openStore({ folder: folder.path, retention: { days: 5, bytes: 1e9 }, clock });
  const state = openState(folder.path);
  const metrics = metricsRegistry();
  const { log } = testTelemetry();
  let stopping = new AbortController();
  let ended: Promise<void> = Promise.resolve();
  let current!: Exports;
  let open = 0;
  /** Counts those that are on their way. */
  function counted<Given extends unknown[], Answer>(call: (...given: Given) => Promise<Answer>) {
    return async (...given: Given): Promise<Answer> => {
      open += 1;
      try {
        return await call(...given);
      } finally {
        open -= 1;
      }
    };
  }
  const watched = {
    ...store,
    select: counted(store.select),
    exemplars: counted(store.exemplars),
    endedSpans: counted(store.endedSpans),
  };

  function start(...settings: ExporterSettings[]): void {
    stopping = new AbortController();
    const more = { fetch: counted(fetch), random: (): number => 1, host: 'ours' };
    current = createExports({ store: watched, state, clock, log, metrics, ...more });
    current.apply({ exporters: settings });
    ended = current.run(stopping.signal);
  }

  /** Time stands still while somebody waits for the store or a receiver, but not for ever: some receivers never answer. */
  async function step(): Promise<void> {
    await clock.advance(STEP_MS);
    await tick(1);
    for (const endsAt = performance.now() + WAITS_MS; open > 0 && performance.now() < endsAt; ) await tick(1);
  }

  async function stop(): Promise<void> {
    stopping.abort();
    await ended;
  }

  start(...exporters);
  return {
    store,
    clock,
    get exports() {
      return current;
    },
    async until(holds) {
      for (let left = PATIENCE_MS; !holds(); left -= STEP_MS) {
        if (left <= 0) throw new Error(`it did not come true: ${holds}`);
        await step();
      }
    },
    async pass(ms) {
      for (let left = ms; left > 0; left -= STEP_MS) await step();
    },
    stop,
    start,
    count: (metric) =>
      metrics
        .snapshot([metric])
        .metrics.flatMap(({ series }) => series)
        .reduce((sum, { value = 0 }) => sum + value, 0),
    async [Symbol.asyncDispose]() {
      await stop();
      state[Symbol.dispose]();
      await store.close();
      folder[Symbol.dispose]();
    },
  };
}
