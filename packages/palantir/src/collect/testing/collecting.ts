/** Runs a collector for a test, with what it needs, and waits for what it should do. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Clock, type Metrics, systemClock, testTelemetry } from '@goblin/core';
import type { Collector, CollectorTools } from '../collector.ts';

const WAIT_MS = 15_000;

export function toolsFor<Store extends CollectorTools['store']>(
  store: Store,
  clock: Clock = systemClock,
): CollectorTools & { readonly store: Store } {
  const { log, metrics } = testTelemetry();
  return { store, clock, log, metrics };
}

/** Ends, and waits until it has, when it is disposed. */
export function running(collector: Collector): AsyncDisposable {
  const stop = new AbortController();
  const ended = collector.run(stop.signal);
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await ended;
    },
  };
}

export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  waitMs: number = WAIT_MS,
): Promise<void> {
  const deadline = Date.now() + waitMs;
  while (!(await condition())) {
    assert.ok(Date.now() < deadline, `it did not come to this: ${what}`);
    await pause(5);
  }
}

export function temporaryFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'palantir-collect-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** Of the series of a collector's metric; 0 where there is none. */
export function metricOf(metrics: Metrics, name: string, collector: string): number {
  const [metric] = metrics.snapshot([name]).metrics;
  return metric?.series.find(({ labels }) => labels[0] === collector)?.value ?? 0;
}
