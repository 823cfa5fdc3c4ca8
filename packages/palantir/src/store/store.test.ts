import assert from 'node:assert/strict';
import { copyFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { VirtualClock } from '@goblin/core';
import type { Batch } from '../model.ts';
import { isStale, STALE_NAN_BYTES } from '../sample-rules.ts';
import { temporaryFolder } from './fixtures/folder.ts';
import {
  batch,
  HOUR_MS,
  hex,
  logLine,
  NOON_MS,
  noonClock,
  sample,
  spanRecord,
} from './fixtures/telemetry.ts';
import { MAX_QUEUED_REQUESTS, MAX_READS } from './limits.ts';
import { openStore } from './store.ts';
import type { StoreStats, TelemetryStore } from './telemetry-store.ts';

const retention = { days: 3, bytes: 1e9 };
const DAY_MS = 24 * HOUR_MS;
const UP = [{ label: '__name__', op: '=', value: 'up' }] as const;
const decoders = new URL('./fixtures/decoders.ts', import.meta.url);

const up = (atMs: number, value = 1): Batch => batch({ samples: [sample({ __name__: 'up' }, atMs, value)] });

/** The store keeps house at the end of it. */
async function pass(store: TelemetryStore, clock: VirtualClock, ms: number): Promise<void> {
  await clock.advance(ms);
  await store.stats();
  await clock.advance(30_000);
}

/** Resolves when no more than this waits: the writer seals by and by, between what comes in. */
async function waits(store: TelemetryStore, wanted: StoreStats['waiting']): Promise<void> {
  while (!isDeepStrictEqual((await store.stats()).waiting, wanted));
}

function reasons({ rejected }: { rejected: readonly { count: number; reason: string }[] }): string[] {
  return rejected.map(({ count, reason }) => `${count} ${reason}`);
}

test('what is good in a batch is kept, and what is not is counted with its reason', async () => {
  using folder = temporaryFolder();
  await using store = await openStore({ folder: folder.path, retention, clock: noonClock() });
  const good = { __name__: 'up' };
  const answer = await store.append({
    samples: [
      sample(good, NOON_MS, 1),
      sample(good, NOON_MS + 9 * 60_000, 1),
      sample(good, NOON_MS + 11 * 60_000, 1),
      sample(good, NOON_MS - 3 * DAY_MS - 1, 1),
      sample(good, Number.NaN, 1),
      sample({ job: 'nameless' }, NOON_MS, 1),
      sample({ __name__: 'up', path: 'x'.repeat(1_000_000) }, NOON_MS, 1),
      sample(
        Object.fromEntries([...Array(70).keys()].map((i) => [i ? `l${i}` : '__name__', 'v'])),
        NOON_MS,
        1,
      ),
    ],
    logs: [
      logLine(NOON_MS, 'good'),
      logLine(NOON_MS - 9 * DAY_MS, 'old'),
      logLine(NOON_MS, 'x'.repeat(2_000_000)),
    ],
    spans: [
      spanRecord(1, 1, NOON_MS),
      spanRecord(1, 2, NOON_MS, { durationNs: -1 }),
      { ...spanRecord(1, 3, NOON_MS), spanId: 'z' },
    ],
    rejected: [{ count: 2, reason: 'what the decoder said' }],
  });
  assert.equal(answer.accepted, 4);
  assert.deepEqual(reasons(answer), [
    '2 what the decoder said',
    '1 the time lies more than 10 minutes ahead of this clock',
    '2 the time is older than what is kept (3 days, or less where space ran out)',
    '1 the time is not a number',
    '1 texts and attributes are longer than 1048576 characters in all',
    '1 the duration of a span is negative or no number',
    '1 the ids of a span are not 32 and 16 lower-case hexadecimal digits',
    '1 a sample has no name (__name__)',
    '1 the value of a label is longer than 1024 characters (path)',
    '1 a series has more than 64 labels',
  ]);
  assert.deepEqual((await store.stats()).rejected, answer.rejected);
});

test('a label with ever new values is capped and named, and known series go on', async () => {
  using folder = temporaryFolder();
  await using store = await openStore({
    folder: folder.path,
    retention,
    clock: noonClock(),
    maxSeries: 30,
    maxSeriesPerMetric: 20,
  });
  const request = (user: number) =>
    sample({ __name__: 'requests', service: `s${user % 3}`, user: `u${user}` }, NOON_MS, 1);
  const first = await store.append(batch({ samples: Array.from({ length: 50 }, (_, i) => request(i)) }));
  assert.deepEqual(first, {
    accepted: 20,
    rejected: [{ count: 30, reason: 'requests has more than 20 series a day: its label user has 20 values' }],
  });
  const second = await store.append(
    batch({
      samples: [
        request(3),
        ...Array.from({ length: 15 }, (_, i) => sample({ __name__: `other_${i}` }, NOON_MS, 1)),
      ],
    }),
  );
  assert.equal(second.accepted, 11);
  assert.match(
    reasons(second)[0]!,
    /^5 there are more than 30 series a day; most of them, 20, are of requests: its label user/,
  );
});

test('NaN is refused with its reason, but the mark of a series that ended and infinities are kept', async () => {
  using folder = temporaryFolder();
  await using store = await openStore({ folder: folder.path, retention, clock: noonClock() });
  const stale = new Float64Array(STALE_NAN_BYTES.slice().buffer)[0]!;
  const values = [1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, stale];
  const answer = await store.append(
    batch({ samples: values.map((value, i) => sample({ __name__: 'up' }, NOON_MS - 10 + i, value)) }),
  );
  assert.deepEqual(reasons(answer), [
    '1 the value is not a number (NaN), nor the mark of a series that ended',
  ]);
  for (const seals of [true, false]) {
    const [found] = await store.select(UP, NOON_MS - 100, NOON_MS);
    assert.deepEqual([...found!.values], [1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]);
    assert.ok(isStale(found!.values, 3));
    if (seals) await store.seal();
  }
});

test('bytes are decoded in the writer, which takes them over', async () => {
  using folder = temporaryFolder();
  await using store = await openStore({ folder: folder.path, retention, clock: noonClock(), decoders });
  const bytes = new TextEncoder().encode(`up ${NOON_MS} 5\nnonsense\nup ${NOON_MS + 1} 6\n`);
  assert.deepEqual(await store.ingest('lines', bytes), {
    accepted: 2,
    rejected: [{ count: 1, reason: 'not a sample' }],
  });
  assert.equal(bytes.length, 0);
  assert.deepEqual([...(await store.select(UP, 0, NOON_MS + 1))[0]!.values], [5, 6]);
  const shared = new Uint8Array(new TextEncoder().encode(`xxup ${NOON_MS + 2} 7`).buffer, 2);
  await store.ingest('lines', shared, { instance: 'a' });
  assert.ok(shared.length > 0);
  assert.equal((await store.series(UP, 0, NOON_MS)).at(-1)!.instance, 'a');
  await assert.rejects(store.ingest('morse', new Uint8Array(1)), { code: 'UNSUPPORTED_MEDIA_TYPE' });
  await assert.rejects(store.ingest('broken', new Uint8Array(1)), { code: 'MALFORMED_REQUEST' });
});

test('the formats of this package are taken as they are', async () => {
  using folder = temporaryFolder();
  await using store = await openStore({ folder: folder.path, retention, clock: noonClock() });
  const lines = `cpu,host=a usage=5 ${NOON_MS}\ncpu,host=a usage= ${NOON_MS}\n`;
  const { accepted, rejected } = await store.ingest('influx-ms', new TextEncoder().encode(lines));
  assert.deepEqual([accepted, rejected.length], [1, 1]);
  assert.equal((await store.series([], 0, NOON_MS))[0]!.host, 'a');
});

test('days go when they are too old, and before that when all are too large', async () => {
  using folder = temporaryFolder();
  const clock = noonClock();
  await using store = await openStore({ folder: folder.path, retention, clock });
  for (const day of [0, 1, 2]) await store.append(up(NOON_MS - day * DAY_MS));
  const days = async (): Promise<string[]> => (await store.stats()).days.map(({ day }) => day);
  assert.deepEqual(await days(), ['2026-06-13', '2026-06-14', '2026-06-15']);
  assert.equal((await store.select(UP, 0, NOON_MS))[0]!.times.length, 3);
  await pass(store, clock, DAY_MS + 13 * HOUR_MS);
  assert.deepEqual(await days(), ['2026-06-14', '2026-06-15']);
  assert.equal((await store.select(UP, 0, NOON_MS))[0]!.times.length, 2);
  await store.append(up(clock.wall()));

  await store.close();
  await using small = await openStore({ folder: folder.path, retention: { days: 30, bytes: 1 }, clock });
  await clock.advance(30_000);
  assert.deepEqual(
    (await small.stats()).days.map(({ day }) => day),
    ['2026-06-17'],
  );
  await assert.rejects(
    small.append(up(clock.wall())),
    /today's telemetry alone takes more than retention.bytes/,
  );
  await pass(small, clock, 23 * HOUR_MS);
  assert.equal((await small.append(up(clock.wall()))).accepted, 1);
  assert.match(reasons(await small.append(up(NOON_MS)))[0]!, /older than what is kept/);
});

test('a day that is over is sealed for good', async () => {
  using folder = temporaryFolder();
  const clock = noonClock();
  await using store = await openStore({ folder: folder.path, retention, clock });
  await store.append({
    ...up(NOON_MS),
    logs: [logLine(NOON_MS, 'hello')],
    spans: [spanRecord(1, 1, NOON_MS)],
  });
  assert.deepEqual((await store.stats()).waiting, { samples: 1, logs: 1, spans: 1 });
  await pass(store, clock, DAY_MS);
  await waits(store, { samples: 0, logs: 0, spans: 0 });
  assert.equal((await store.select(UP, 0, NOON_MS)).length, 1);
  assert.equal((await store.trace(hex(1, 32)))?.spans.length, 1);
});

test('days that an earlier process left are finished, one by one: journals sealed, free pages and the log of SQLite given back', async () => {
  using folder = temporaryFolder();
  const many = (atMs: number): Partial<Batch> => ({
    logs: Array.from({ length: 1_500 }, (_, i) => logLine(atMs, `${i} ${'x'.repeat(400)} ${i * 7_919}`)),
  });
  const days = [NOON_MS - 2 * DAY_MS, NOON_MS - DAY_MS];
  {
    await using store = await openStore({ folder: folder.path, retention, clock: noonClock() });
    for (const atMs of days) await store.append(batch(many(atMs)));
    // The rows of one journal are sealed and nothing waits; those of the other still do.
    await store.append(batch(many(days[0]!)));
    await waits(store, { samples: 0, logs: 1_500, spans: 0 });
  }
  const pathOf = (atMs: number): string =>
    join(folder.path, `${new Date(atMs).toISOString().slice(0, 10)}.db`);
  const stateOf = (path: string): { free: unknown; rows: unknown } => {
    using db = new DatabaseSync(path, { readOnly: true });
    return {
      free: db.prepare('PRAGMA freelist_count').get()!.freelist_count,
      rows: db.prepare('SELECT count(*) AS rows FROM log_journal').get()!.rows,
    };
  };
  const [sealed, waiting] = days.map((atMs) => pathOf(atMs));
  assert.equal(stateOf(sealed!).rows, 0);
  assert.notEqual(stateOf(sealed!).free, 0);
  assert.equal(stateOf(waiting!).rows, 1);
  const before = statSync(sealed!).size;

  const clock = noonClock();
  await using store = await openStore({ folder: folder.path, retention, clock });
  for (const _ of [1, 2, 3]) {
    await clock.advance(30_000);
    await store.stats();
  }
  for (const path of [sealed!, waiting!]) assert.deepEqual(stateOf(path), { free: 0, rows: 0 });
  assert.ok(statSync(sealed!).size < before);
  for (const [i, atMs] of days.entries()) {
    const range = { fromMs: atMs, toMs: atMs, words: [] };
    assert.equal(
      (await Array.fromAsync(store.searchLogs({ ...range, limit: 10_000 }))).length,
      [3_000, 1_500][i],
    );
  }
});

test('a day is finished while the process that came after it writes nothing to it', async () => {
  using folder = temporaryFolder();
  const clock = noonClock();
  {
    await using store = await openStore({ folder: folder.path, retention, clock });
    await store.append(up(NOON_MS));
  }
  await using store = await openStore({ folder: folder.path, retention, clock });
  await pass(store, clock, DAY_MS);
  await store.stats();
  using db = new DatabaseSync(join(folder.path, '2026-06-15.db'), { readOnly: true });
  assert.equal(db.prepare('SELECT count(*) AS rows FROM sample_journal').get()!.rows, 0);
});

test('a damaged day is moved aside, named, and begun anew', async () => {
  using folder = temporaryFolder();
  const clock = noonClock();
  writeFileSync(
    join(folder.path, '2026-06-15.db'),
    'this is no database, and long enough to be sure of that. '.repeat(20),
  );
  await using store = await openStore({ folder: folder.path, retention, clock });
  await assert.rejects(store.append(up(NOON_MS)), { code: 'DATA_DAMAGED' });
  assert.equal((await store.append(up(NOON_MS))).accepted, 1);
  assert.deepEqual((await store.stats()).damagedDays, ['2026-06-15']);
  assert.ok(readdirSync(folder.path).includes('2026-06-15.db.damaged'));
});

test('more than the writer can hold is refused at once, and what was taken is stored', async () => {
  using folder = temporaryFolder();
  await using store = await openStore({ folder: folder.path, retention, clock: noonClock() });
  const answers = await Promise.allSettled(
    Array.from({ length: MAX_QUEUED_REQUESTS + 50 }, (_, i) => store.append(up(NOON_MS - i))),
  );
  const refused = answers.filter((answer) => answer.status === 'rejected');
  assert.equal(refused.length, 50);
  assert.equal(refused[0]!.reason.code, 'RESOURCE_EXHAUSTED');
  assert.equal((await store.select(UP, 0, NOON_MS))[0]!.times.length, MAX_QUEUED_REQUESTS);
  assert.equal((await store.stats()).queuedBytes, 0);
});

test('a read ends by its signal, even one that is busy; too many at a time are refused', async () => {
  using folder = temporaryFolder();
  await using store = await openStore({ folder: folder.path, retention, clock: noonClock() });
  const logs = Array.from({ length: 2_000 }, (_, i) => logLine(NOON_MS - i, `nothing of interest ${i}`));
  for (let part = 0; part < 10; part++) await store.append(batch({ logs }));
  const stop = new AbortController();
  const search = store
    .searchLogs({ fromMs: 0, toMs: NOON_MS, contains: ['absent'] }, stop.signal)
    [Symbol.asyncIterator]();
  const first = search.next();
  stop.abort(new Error('enough'));
  await assert.rejects(first, { code: 'CANCELED' });
  const reads = Array.from({ length: MAX_READS + 1 }, () => store.logCounts({ fromMs: 0, toMs: NOON_MS }));
  const outcomes = await Promise.allSettled(reads);
  assert.deepEqual(
    outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => reason.code),
    ['RESOURCE_EXHAUSTED'],
  );
});

test('a folder is written to by one store at a time', async () => {
  using folder = temporaryFolder();
  const open = (): Promise<TelemetryStore> => openStore({ folder: folder.path, retention });
  const store = await open();
  await assert.rejects(open(), { code: 'STORE_UNAVAILABLE' });
  await store.close();
  await (await open()).close();
  await assert.rejects(openStore({ folder: folder.path, retention: { days: 0, bytes: 1 } }), {
    code: 'INVALID_INPUT',
  });
  const file = join(folder.path, 'file');
  copyFileSync(import.meta.filename, file);
  await assert.rejects(openStore({ folder: join(file, 'below'), retention }), { code: 'STORE_UNAVAILABLE' });
});

test('when it is closed nothing is taken any more', async () => {
  using folder = temporaryFolder();
  const store = await openStore({ folder: folder.path, retention, clock: noonClock() });
  await store.append(up(NOON_MS));
  await store.close();
  await store.close();
  await assert.rejects(store.append(up(NOON_MS)), { code: 'UNAVAILABLE' });
  await assert.rejects(store.select(UP, 0, NOON_MS), { code: 'UNAVAILABLE' });
});
