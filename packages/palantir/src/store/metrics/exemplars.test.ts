import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exemplar, Matcher } from '../../model.ts';
import { temporaryFolder } from '../fixtures/folder.ts';
import { seededRandom } from '../fixtures/random.ts';
import { batch, HOUR_MS, hex, NOON_MS, noonClock, sample } from '../fixtures/telemetry.ts';
import { openStore } from '../store.ts';
import type { TelemetryStore } from '../telemetry-store.ts';
import { EXEMPLAR_SLOT_MS, MAX_EXEMPLAR_SERIES } from './day-exemplars.ts';
import type { SeriesExemplars } from './exemplar-select.ts';

const retention = { days: 5, bytes: 1e9 };
const random = seededRandom(8);
const MATCH: readonly Matcher[] = [{ label: '__name__', op: '=', value: 'wait_seconds_bucket' }];
const DAY_MS = 24 * HOUR_MS;

function exemplar(le: number, atMs: number, value: number, trace = 1): Exemplar {
  const series = { __name__: 'wait_seconds_bucket', le: String(le) };
  return { series, atMs, value, labels: { trace_id: hex(trace, 32) } };
}

function plain(found: readonly SeriesExemplars[]): string[] {
  return found.map((one) => JSON.stringify([one.series.le, one.exemplars])).sort();
}

/** The newest of each slot; of equal times the one that came last. */
function newest(all: readonly Exemplar[], fromMs: number, toMs: number): string[] {
  const kept = new Map<string, Map<number, Exemplar>>();
  for (const one of all) {
    const slots = kept.get(one.series.le!) ?? new Map<number, Exemplar>();
    kept.set(one.series.le!, slots);
    const slot = Math.floor(one.atMs / EXEMPLAR_SLOT_MS);
    if (!(one.atMs < (slots.get(slot)?.atMs ?? 0))) slots.set(slot, one);
  }
  return Array.from(kept, ([le, slots]) => {
    const within = [...slots.values()].filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
    const points = within
      .sort((one, other) => one.atMs - other.atMs)
      .map(({ atMs, value, labels }) => ({ atMs, value, labels }));
    return points.length > 0 ? [JSON.stringify([le, points])] : [];
  })
    .flat()
    .sort();
}

test('of each series the newest exemplar of each slot is kept, over midnight and through a restart', async () => {
  using folder = temporaryFolder();
  const clock = noonClock();
  const all: Exemplar[] = [];
  const open = (): Promise<TelemetryStore> => openStore({ folder: folder.path, retention, clock });
  let store = await open();
  try {
    for (let round = 0; round < 6; round++) {
      const exemplars = Array.from({ length: 200 }, (_, i) =>
        exemplar(random(4), NOON_MS - random(DAY_MS / 300) * 300, random(100), round * 200 + i),
      );
      const samples = exemplars.map(({ series, atMs }) => sample(series, atMs, 1));
      await store.append({ ...batch({ samples }), exemplars });
      all.push(...exemplars);
      if (round === 2) await store.seal();
      if (round === 4) {
        await store.close();
        store = await open();
      }
      const fromMs = NOON_MS - random(DAY_MS);
      assert.deepEqual(plain(await store.exemplars(MATCH, fromMs, NOON_MS)), newest(all, fromMs, NOON_MS));
    }
    assert.deepEqual(await store.exemplars([{ label: 'le', op: '=', value: '9' }], 0, NOON_MS), []);
  } finally {
    await store.close();
  }
});

test('an exemplar that is older than what is kept costs nothing, and its sample is kept', async () => {
  using folder = temporaryFolder();
  await using store = await openStore({ folder: folder.path, retention, clock: noonClock() });
  const old = exemplar(1, NOON_MS - 9 * DAY_MS, 1);
  const answer = await store.append({
    ...batch({ samples: [sample(old.series, NOON_MS, 1)] }),
    exemplars: [old],
  });
  assert.deepEqual(answer, { accepted: 1, rejected: [] });
  assert.deepEqual(await store.exemplars(MATCH, 0, NOON_MS), []);
});

test('series that have exemplars are limited, and known ones go on', async () => {
  using folder = temporaryFolder();
  await using store = await openStore({ folder: folder.path, retention, clock: noonClock() });
  const exemplars = Array.from({ length: MAX_EXEMPLAR_SERIES + 10 }, (_, i) => exemplar(i, NOON_MS, 1));
  const answer = await store.append({ ...batch({}), exemplars });
  assert.deepEqual(answer.rejected, [
    { count: 10, reason: `more than ${MAX_EXEMPLAR_SERIES} series a day have exemplars` },
  ]);
  await store.append({ ...batch({}), exemplars: [exemplar(0, NOON_MS + 1, 5)] });
  const found = await store.exemplars(MATCH, 0, NOON_MS + 1);
  assert.equal(found.length, MAX_EXEMPLAR_SERIES);
  assert.equal(found[0]!.exemplars.at(-1)!.value, 5);
});
