/** The process that writes is killed at any moment, while it appends and seals, again and again. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FEED_LINES, FEED_SERIES, FEED_START_MS, feedBatch, feedRetention } from './fixtures/feed.ts';
import { temporaryFolder } from './fixtures/folder.ts';
import { seededRandom } from './fixtures/random.ts';
import { noonClock } from './fixtures/telemetry.ts';
import { EXEMPLAR_SLOT_MS } from './metrics/day-exemplars.ts';
import { openStore } from './store.ts';
import type { TelemetryStore } from './telemetry-store.ts';

const FEEDER = fileURLToPath(new URL('./fixtures/store-feeder.ts', import.meta.url));
const ROUNDS = 15;

/** The numbers that were acknowledged before the kill. */
async function feedAndKill(folder: string, first: number, afterAcknowledged: number): Promise<number[]> {
  const child = spawn(process.execPath, [FEEDER, folder, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const acknowledged: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(Number(line));
    if (acknowledged.length === afterAcknowledged) child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  assert.equal(child.signalCode, 'SIGKILL');
  return acknowledged;
}

test('kill -9 at any moment loses nothing that was acknowledged, and seals happen wholly or not at all', async () => {
  using folder = temporaryFolder();
  const random = seededRandom(11);
  const acknowledged: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    acknowledged.push(...(await feedAndKill(folder.path, round * 1_000, 1 + random(60))));
    await using store = await openStore({
      folder: folder.path,
      retention: feedRetention,
      clock: noonClock(),
    });
    await checkAll(store, acknowledged);
  }
  assert.ok(acknowledged.length > ROUNDS);
});

async function checkAll(store: TelemetryStore, acknowledged: readonly number[]): Promise<void> {
  const range = [0, FEED_START_MS] as const;
  const found = await store.select([{ label: '__name__', op: '=~', value: 'feed_.*' }], ...range);
  assert.equal(found.length, FEED_SERIES);
  for (const { times, values } of found) {
    const at = new Map(Array.from(times, (time, i) => [time, values[i]]));
    for (const number of acknowledged) assert.equal(at.get(feedBatch(number).logs[0]!.atMs), number);
  }
  const [kept] = await store.exemplars([{ label: 'instance', op: '=', value: 'i0' }], ...range);
  for (const number of acknowledged) {
    const [exemplar] = feedBatch(number).exemplars!;
    const slotMs = Math.floor(exemplar!.atMs / EXEMPLAR_SLOT_MS) * EXEMPLAR_SLOT_MS;
    // Its own, or a newer one of the same slot.
    const inSlot = kept!.exemplars.find(
      ({ atMs }) => atMs >= exemplar!.atMs && atMs < slotMs + EXEMPLAR_SLOT_MS,
    );
    assert.ok(inSlot, `the exemplar of batch ${number}`);
    if (inSlot.atMs === exemplar!.atMs) assert.equal(inSlot.value, number);
  }
  const sums = await store.select([{ label: 'instance', op: '=', value: 'i0' }], ...range, {
    stepMs: 3_600_000,
    aggregate: 'count',
  });
  assert.equal(
    sums[0]!.values.reduce((sum, count) => sum + count, 0),
    found[0]!.times.length,
  );
  for (const number of acknowledged.filter((_, i) => i % 7 === 0)) {
    const lines = new Set<string>();
    let count = 0;
    for await (const { body } of store.searchLogs({
      fromMs: 0,
      toMs: FEED_START_MS,
      words: [`batch_${number}`],
    })) {
      lines.add(body);
      count++;
    }
    assert.deepEqual([lines.size, count], [FEED_LINES, FEED_LINES]);
    const { spans } = feedBatch(number);
    assert.deepEqual((await store.trace(spans[0]!.traceId))?.summary.spans, 2);
  }
}
