import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogLine } from '../../model.ts';
import { temporaryFolder } from '../fixtures/folder.ts';
import { seededRandom } from '../fixtures/random.ts';
import { batch, HOUR_MS, logLine, NOON_MS, noonClock } from '../fixtures/telemetry.ts';
import { openStore } from '../store.ts';
import type { TelemetryStore } from '../telemetry-store.ts';

const retention = { days: 3, bytes: 1e9 };

/** Lines of two files by turns, of two days by chance: what the numbers are is all that there is to them. */
const random = seededRandom(5);
const LINES: readonly LogLine[] = Array.from({ length: 3_000 }, (_, i) =>
  logLine(NOON_MS - random(2) * 24 * HOUR_MS, `line ${i}`, { severity: i % 100 === 0 ? 17 : 9 }),
);

function read(from: number, to: number) {
  const logs = LINES.slice(from, to);
  const origins = logs.map((_, i) => ({ source: `file ${(from + i) % 2}`, position: (from + i) * 80 }));
  return batch({ logs, origins });
}

async function bodies(store: TelemetryStore): Promise<string[]> {
  const range = { fromMs: NOON_MS - 24 * HOUR_MS, toMs: NOON_MS, words: [], limit: 10_000 };
  const lines = await Array.fromAsync(store.searchLogs(range));
  return lines.map(({ body }) => body).sort();
}

test('lines that are read again are kept once, in whatever portions, over seals, restarts and midnight', async () => {
  using folder = temporaryFolder();
  let taken = 0;
  const heard: string[] = [];
  for (let at = 0; at < LINES.length; ) {
    await using store = await openStore({ folder: folder.path, retention, clock: noonClock() });
    store.onLogs((lines) => heard.push(...lines.map(({ body }) => body)));
    // From before where it was.
    const to = Math.min(LINES.length, at + 1 + random(900));
    const { accepted, rejected } = await store.append(read(Math.max(0, at - random(700)), to));
    assert.deepEqual(rejected, []);
    taken += accepted;
    if (random(2) === 0) await store.seal();
    at = to;
  }
  await using store = await openStore({ folder: folder.path, retention, clock: noonClock() });
  assert.deepEqual(await bodies(store), LINES.map(({ body }) => body).sort());
  assert.equal(taken, LINES.length);
  // Who listens may have died with the one who read them first.
  assert.equal(new Set(heard).size, LINES.filter(({ severity }) => severity === 17).length);
});

test('equal lines from different places are all kept, and so are those that do not say where they are from', async () => {
  using folder = temporaryFolder();
  await using store = await openStore({ folder: folder.path, retention, clock: noonClock() });
  const same = logLine(NOON_MS, 'again and again');
  const origins = [0, 1, 2].map((position) => ({ source: 'file', position }));
  assert.equal((await store.append(batch({ logs: [same, same, same], origins }))).accepted, 3);
  assert.equal(
    (await store.append(batch({ logs: [same], origins: [{ source: 'other', position: 0 }] }))).accepted,
    1,
  );
  assert.equal((await store.append(batch({ logs: [same, same] }))).accepted, 2);
  assert.equal((await bodies(store)).length, 6);
});
