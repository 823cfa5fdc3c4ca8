/** Two ways to hand a batch to the store: what can be read again waits until there is room; what cannot is counted as lost. */
import { pause } from '@goblin/core';
import type { Batch } from '../model.ts';
import type { Appended } from '../store/store-writer.ts';
import type { CollectorTools } from './collector.ts';
import type { CollectorMeter } from './collector-meter.ts';

const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 5_000;
const STORE = 'the store';

export interface Keeper {
  /** Resolves when it is committed: true; or false when the signal was aborted before. */
  patiently(batch: Partial<Batch>, signal: AbortSignal): Promise<boolean>;
  /** Resolves when it is committed or given up. */
  atOnce(batch: Partial<Batch>): Promise<void>;
}

export function keeper(tools: Pick<CollectorTools, 'store' | 'clock'>, meter: CollectorMeter): Keeper {
  const { store, clock } = tools;
  return {
    async patiently(batch, signal) {
      for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
        try {
          countRefused(await store.append(whole(batch)), meter);
          return true;
        } catch (error) {
          meter.failed(STORE, error);
        }
        await pause(clock, pauseMs, signal);
      }
      return false;
    },
    async atOnce(batch) {
      const all = whole(batch);
      try {
        countRefused(await store.append(all), meter);
      } catch (error) {
        meter.lost(all.samples.length + all.logs.length, (error as Error).message);
      }
    },
  };
}

export function countRefused({ rejected }: Appended, meter: CollectorMeter): void {
  for (const { count, reason } of rejected) meter.lost(count, reason);
}

function whole(parts: Partial<Batch>): Batch {
  return { samples: [], logs: [], spans: [], rejected: [], ...parts };
}
