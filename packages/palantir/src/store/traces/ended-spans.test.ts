import assert from 'node:assert/strict';
import { test } from 'node:test';
import { temporaryFolder } from '../fixtures/folder.ts';
import { batch, NOON_MS, noonClock, spanRecord } from '../fixtures/telemetry.ts';
import { openStore } from '../store.ts';
import type { TelemetryStore } from '../telemetry-store.ts';

const RETENTION = { days: 5, bytes: 1e9 };

/** Span `n` of `count` starts at second `n` and ends five milliseconds later. */
async function keepSpans(store: TelemetryStore, from: number, to: number): Promise<void> {
  const spans = Array.from({ length: to - from }, (_, i) =>
    spanRecord(1 + Math.floor((from + i) / 3), from + i + 1, NOON_MS + (from + i) * 1_000),
  );
  await store.append(batch({ spans }));
}

async function ended(store: TelemetryStore, fromMs: number, toMs: number): Promise<number[]> {
  const spans = await store.endedSpans(NOON_MS + fromMs, NOON_MS + toMs);
  return spans.map(({ spanId }) => Number.parseInt(spanId, 16) - 1).sort((one, other) => one - other);
}

test('each span is in the time in which it ended, whether it waits or is sealed', async () => {
  using folder = temporaryFolder();
  await using store = await openStore({ folder: folder.path, retention: RETENTION, clock: noonClock() });
  await keepSpans(store, 0, 300);
  await store.seal();
  await keepSpans(store, 300, 400);
  await store.seal();
  await keepSpans(store, 400, 500);
  for (const step of [500_000, 7_000, 1_000]) {
    const all: number[] = [];
    for (let from = 0; from < 500_000; from += step) all.push(...(await ended(store, from, from + step)));
    assert.deepEqual(
      all,
      Array.from({ length: 500 }, (_, i) => i),
    );
  }
  assert.deepEqual(await ended(store, 10_005, 20_005), [10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
});

test('a span that was sent twice is there once; one over midnight is in the time of its end', async () => {
  using folder = temporaryFolder();
  await using store = await openStore({ folder: folder.path, retention: RETENTION, clock: noonClock() });
  const midnight = -12 * 3_600_000;
  const over = spanRecord(9, 8, NOON_MS + midnight - 60_000, { durationNs: 120e9 });
  await store.append(batch({ spans: [over] }));
  await store.seal();
  await store.append(batch({ spans: [over] }));
  assert.deepEqual(await ended(store, midnight - 120_000, midnight), []);
  assert.deepEqual(await ended(store, midnight, midnight + 120_000), [7]);
});

test('more spans than memory is meant for are refused, with what to do', async () => {
  using folder = temporaryFolder();
  await using store = await openStore({ folder: folder.path, retention: RETENTION, clock: noonClock() });
  for (let from = 0; from < 51_000; from += 17_000) {
    const spans = Array.from({ length: 17_000 }, (_, i) => spanRecord(1 + from + i, 1, NOON_MS));
    await store.append(batch({ spans }));
  }
  await assert.rejects(ended(store, 0, 1_000), { code: 'RESOURCE_EXHAUSTED', message: /ask for less/ });
});
