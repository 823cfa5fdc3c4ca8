/** The traffic of the last WINDOW_MS, from the running totals that an instance reports. A plain route that calls
 * procedures is counted at both doors, so of an instance's doors only the busiest counts. */
import { type HistogramSnapshot, mergeHistograms, quantileOf, subtractHistograms } from '@goblin/core';
import type { CallTotals } from './messages.ts';

const WINDOW_MS = 10_000;
const SHORTEST_WINDOW_MS = 1_000;

export interface Traffic {
  readonly perSecond: number;
  readonly errorsPerSecond: number;
  /** Undefined when there were no calls. */
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
}

export interface WindowedCalls {
  readonly durations: HistogramSnapshot;
  readonly errors: number;
  readonly lengthMs: number;
}

export interface CallWindow {
  add(doors: readonly CallTotals[], nowMs: number): void;
  read(nowMs: number): WindowedCalls;
}

interface Sample {
  readonly doors: readonly CallTotals[];
  readonly atMs: number;
}

/** @param startMs when the instance was started: its totals were zero then. */
export function callWindow(startMs: number): CallWindow {
  const samples: Sample[] = [{ doors: [], atMs: startMs }];

  return {
    add(doors, nowMs) {
      samples.push({ doors, atMs: nowMs });
      // The oldest that is kept is the last one from before the window.
      while (samples.length > 2 && samples[1]!.atMs <= nowMs - WINDOW_MS) samples.shift();
    },
    read(nowMs) {
      const [oldest, newest] = [samples[0]!, samples.at(-1)!];
      const lengthMs = Math.max(nowMs - oldest.atMs, SHORTEST_WINDOW_MS);
      return newest.doors
        .map((door, index) => since(oldest.doors[index], door, lengthMs))
        .reduce(busier, { durations: mergeHistograms([]), errors: 0, lengthMs });
    },
  };
}

function since(before: CallTotals | undefined, now: CallTotals, lengthMs: number): WindowedCalls {
  return {
    durations: subtractHistograms(now.durations, before?.durations),
    errors: now.errors - (before?.errors ?? 0),
    lengthMs,
  };
}

function busier(a: WindowedCalls, b: WindowedCalls): WindowedCalls {
  return b.durations.count > a.durations.count ? b : a;
}

/** The traffic of several instances together. */
export function trafficOf(windows: readonly WindowedCalls[]): Traffic {
  const all = mergeHistograms(windows.map((window) => window.durations));
  const quantileMs = (q: number): number | undefined =>
    all.count === 0 ? undefined : quantileOf(all, q) * 1_000;
  const perSecond = (count: (window: WindowedCalls) => number): number =>
    windows.reduce((sum, window) => sum + (count(window) * 1_000) / window.lengthMs, 0);
  return {
    perSecond: perSecond((window) => window.durations.count),
    errorsPerSecond: perSecond((window) => window.errors),
    p50Ms: quantileMs(0.5),
    p99Ms: quantileMs(0.99),
  };
}
