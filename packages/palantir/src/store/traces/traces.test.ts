/** Traces as they were appended: whole, whatever parts they came in, sealed or not, over midnight. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SpanRecord } from '../../model.ts';
import { temporaryFolder } from '../fixtures/folder.ts';
import { seededRandom } from '../fixtures/random.ts';
import { batch, HOUR_MS, hex, NOON_MS, noonClock, spanRecord } from '../fixtures/telemetry.ts';
import { openStore } from '../store.ts';
import type { TelemetryStore } from '../telemetry-store.ts';
import { spansOfText, spanText } from './span-text.ts';

const retention = { days: 5, bytes: 1e9 };
const MIDNIGHT_MS = NOON_MS - 12 * HOUR_MS;
const DAY_MS = 24 * HOUR_MS;

test('a span comes back from its text as it went in', () => {
  const plain = spanRecord(1, 2, NOON_MS);
  const full = spanRecord(1, 3, NOON_MS, {
    parentId: hex(2, 16),
    kind: 'producer',
    status: 'error',
    statusMessage: 'no "route"\n',
    attributes: { ключ: '值', empty: '' },
    events: [
      { atNs: 1_718_000_000_123_456_789n, name: 'exception', attributes: { 'exception.type': 'Error' } },
    ],
    links: [{ traceId: hex(9, 32), spanId: hex(9, 16) }],
  });
  const linked = { ...plain, links: full.links };
  for (const span of [plain, full, linked])
    assert.deepEqual(spansOfText(`[${spanText(span)}]`, span.traceId), [span]);
});

/** A root and two others, of which one failed in every fifth trace; parts are apart in arrival. */
function traceOf(id: number, startMs: number): SpanRecord[] {
  const root = spanRecord(id, id * 10 + 1, startMs, {
    durationNs: (id % 50) * 1e6 + 10e6,
    name: `route ${id % 3}`,
  });
  const child = { parentId: root.spanId, kind: 'client' as const };
  return [
    root,
    spanRecord(id, id * 10 + 2, startMs + 1, {
      ...child,
      service: id % 2 ? 'tax' : 'mail',
      attributes: { user: `u-${id % 7}` },
    }),
    spanRecord(id, id * 10 + 3, startMs + 2, { ...child, status: id % 5 ? 'ok' : 'error' }),
  ];
}

async function checkTrace(store: TelemetryStore, spans: readonly SpanRecord[]): Promise<void> {
  const found = await store.trace(spans[0]!.traceId);
  assert.deepEqual(found?.spans, spans);
  assert.equal(found.summary.spans, spans.length);
  assert.equal(found.summary.rootName, spans[0]!.name);
}

test('traces are found whole by id and by what they are, through seals and restarts', async () => {
  using folder = temporaryFolder();
  const clock = noonClock();
  const random = seededRandom(3);
  const traces = Array.from({ length: 700 }, (_, i) =>
    // Some of them begin just before midnight and end after it.
    traceOf(i + 1, i % 50 === 0 ? MIDNIGHT_MS - 1.5 + i / 1_000 : NOON_MS - random(DAY_MS / 2)),
  );
  const arrivals = traces.flatMap((spans) => spans.map((span) => ({ span, at: random(1_000) })));
  arrivals.sort((one, other) => one.at - other.at);
  let store = await openStore({ folder: folder.path, retention, clock });
  try {
    for (let from = 0; from < arrivals.length; from += 300) {
      const spans = arrivals.slice(from, from + 300).map(({ span }) => span);
      assert.equal((await store.append(batch({ spans }))).accepted, spans.length);
      if (from === 600) await store.seal();
      if (from === 1_200) {
        await store.close();
        store = await openStore({ folder: folder.path, retention, clock });
      }
    }
    for (let i = 0; i < traces.length; i += 25) await checkTrace(store, traces[i]!);
    assert.equal(await store.trace(hex(99_999, 32)), undefined);
    await checkSearches(store, traces);
    await store.seal();
    await checkTrace(store, traces[50]!);
    await checkSearches(store, traces);
  } finally {
    await store.close();
  }
});

async function checkSearches(store: TelemetryStore, traces: readonly SpanRecord[][]): Promise<void> {
  const range = { fromMs: NOON_MS - 2 * DAY_MS, toMs: NOON_MS, limit: 10_000 };
  const find = async (query: object): Promise<string[]> =>
    (await store.searchTraces({ ...range, ...query })).map(({ traceId }) => traceId);
  const those = (fits: (spans: SpanRecord[]) => boolean): string[] =>
    traces.filter(fits).map(([root]) => root!.traceId);
  const same = (found: string[], wanted: string[]): void => assert.deepEqual(found.sort(), wanted.sort());
  same(
    await find({}),
    those(() => true),
  );
  same(
    await find({ service: 'tax' }),
    those((spans) => spans[1]!.service === 'tax'),
  );
  same(
    await find({ error: true, name: 'route 1' }),
    those((spans) => spans[2]!.status === 'error' && spans[0]!.name === 'route 1'),
  );
  same(
    await find({ minDurationMs: 50 }),
    those((spans) => spans[0]!.durationNs >= 50e6),
  );
  same(
    await find({ attributes: { user: 'u-3' } }),
    those((spans) => spans[1]!.attributes.user === 'u-3'),
  );
  same(await find({ attributes: { user: 'u-3', 'http.route': '/orders' } }), []);
  const newest = await store.searchTraces({ ...range, limit: 5 });
  const starts = newest.map(({ startMs }) => startMs);
  assert.deepEqual(
    starts,
    [...starts].sort((one, other) => other - one),
  );
  assert.equal(newest.length, 5);
}

test('a span that is sent again is shown once', async () => {
  using folder = temporaryFolder();
  await using store = await openStore({ folder: folder.path, retention, clock: noonClock() });
  const spans = traceOf(1, NOON_MS - 100);
  await store.append(batch({ spans }));
  await store.seal();
  await store.append(batch({ spans }));
  assert.deepEqual((await store.trace(hex(1, 32)))?.spans, spans);
});
