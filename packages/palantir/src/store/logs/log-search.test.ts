/** What was appended is what is found: against a model in memory, sealed or not, after a restart, over midnights. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogLine } from '../../model.ts';
import { temporaryFolder } from '../fixtures/folder.ts';
import { seededRandom } from '../fixtures/random.ts';
import { batch, HOUR_MS, hex, logLine, NOON_MS, noonClock } from '../fixtures/telemetry.ts';
import { openStore } from '../store.ts';
import type { TelemetryStore } from '../telemetry-store.ts';
import { decodeLogs, encodeLogs } from './log-codec.ts';
import { compileLogQuery, type LogQuery } from './log-search.ts';
import { hasWords, innerWordsOf, mayHave, WordFilter, wordsOf } from './words.ts';

const retention = { days: 5, bytes: 1e9 };
const random = seededRandom(5);
const WORDS = [
  'paid',
  'Refused',
  'timeout',
  'über',
  'card_17',
  'x'.repeat(80),
  '日本',
  'a-b',
  '{"n":1}',
  'line\nbreak',
];

function randomLine(): LogLine {
  const words = Array.from({ length: 1 + random(8) }, () => WORDS[random(WORDS.length)] ?? '');
  return logLine(NOON_MS - random(36 * HOUR_MS), `${words.join(' ')} ${random(50)}`, {
    severity: random(25),
    service: ['payments', 'shop', 'tax'][random(3)]!,
    attributes: {
      ...(random(2) && { user: `u${random(9)}` }),
      ...(random(3) === 0 && { 'http.route': '/a/:b', '': 'x' }),
    },
    ...(random(2) && { traceId: hex(random(20), 32) }),
    ...(random(3) === 0 && { spanId: hex(random(20), 16) }),
  });
}

async function collect(lines: AsyncIterable<LogLine>): Promise<LogLine[]> {
  const all: LogLine[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

test('lines come back from their columns as they went in', () => {
  const lines = Array.from({ length: 300 }, randomLine);
  assert.deepEqual(decodeLogs(encodeLogs(lines)), lines);
  assert.deepEqual(decodeLogs(encodeLogs([])), []);
});

test('a filter knows each of its words, and hardly any other', () => {
  const filter = new WordFilter();
  for (let i = 0; i < 3_000; i++) filter.addText(`Order ${i} of user_${i * 7} was paid`);
  const bits = filter.done();
  for (let i = 0; i < 3_000; i++) assert.ok(mayHave(bits, wordsOf(`order user_${i * 7} ${i} PAID`)));
  const wrong = Array.from({ length: 3_000 }, (_, i) => mayHave(bits, wordsOf(`absent${i}`))).filter(
    Boolean,
  ).length;
  assert.ok(wrong < 150, `${wrong} false hits`);
});

test('words are whole, in whatever case; of a part of a text only the inner words are certain', () => {
  assert.ok(hasWords('Card-17 was REFUSED', wordsOf('refused card 17')));
  assert.ok(!hasWords('Card-17 was REFUSED', wordsOf('refuse')));
  assert.deepEqual(innerWordsOf('yment failed: ta'), wordsOf('failed'));
  assert.deepEqual(innerWordsOf('paym'), []);
});

test('each search finds what a look at every line would, in order', async () => {
  using folder = temporaryFolder();
  const clock = noonClock();
  const all: LogLine[] = [];
  let store = await openStore({ folder: folder.path, retention, clock });
  try {
    for (let round = 0; round < 7; round++) {
      const logs = Array.from({ length: random(3) ? random(300) : 2_500 }, randomLine);
      assert.equal((await store.append(batch({ logs }))).accepted, logs.length);
      all.push(...logs);
      if (round === 3) await store.seal();
      if (round === 5) {
        await store.close();
        store = await openStore({ folder: folder.path, retention, clock });
      }
      await check(store, all);
    }
  } finally {
    await store.close();
  }
});

async function check(store: TelemetryStore, all: readonly LogLine[]): Promise<void> {
  const range = { fromMs: NOON_MS - random(40) * HOUR_MS, toMs: NOON_MS - random(3) * HOUR_MS };
  const queries: Omit<LogQuery, 'fromMs' | 'toMs'>[] = [
    { words: ['paid', 'REFUSED'] },
    { words: ['a-b', '17'], newestFirst: false },
    { contains: ['fused tim'] },
    { contains: ['"n":1', 'über'], newestFirst: false },
    { traceId: hex(random(20), 32), severity: 9 },
    {
      matchers: [
        { label: 'user', op: '=', value: `u${random(9)}` },
        { label: 'service', op: '!=', value: 'tax' },
      ],
    },
    { matchers: [{ label: 'http.route', op: '=~', value: '/a/.*' }], severity: 17 },
    { matchers: [{ label: 'span_id', op: '=', value: hex(random(20), 16) }] },
  ];
  for (const part of queries) {
    const query = { ...range, limit: 10_000, ...part };
    const sign = query.newestFirst === false ? 1 : -1;
    const wanted = all
      .filter((line) => compileLogQuery(query).find(line))
      .sort((one, other) => (one.atMs - other.atMs) * sign);
    const found = await collect(store.searchLogs(query));
    assert.deepEqual(
      found.map(({ atMs }) => atMs),
      wanted.map(({ atMs }) => atMs),
    );
    const text = (line: LogLine): string => JSON.stringify([line.atMs, line]);
    assert.deepEqual(found.map(text).sort(), wanted.map(text).sort());
    const few = await collect(store.searchLogs({ ...query, limit: 7 }));
    assert.deepEqual(
      few.map(({ atMs }) => atMs),
      wanted.slice(0, 7).map(({ atMs }) => atMs),
    );
  }
  const counts = await store.logCounts({ ...range, service: 'shop', severity: 17 });
  const firstMinute = Math.floor(range.fromMs / 60_000);
  const lastMinute = Math.floor(range.toMs / 60_000);
  const counted = all.filter((line) => {
    const minute = Math.floor(line.atMs / 60_000);
    return line.service === 'shop' && line.severity >= 17 && minute >= firstMinute && minute <= lastMinute;
  });
  assert.equal(
    counts.reduce((sum, { count }) => sum + count, 0),
    counted.length,
  );
}

test('the first lines come before the search has ended, and who has enough ends it', async () => {
  using folder = temporaryFolder();
  await using store = await openStore({ folder: folder.path, retention, clock: noonClock() });
  for (let part = 0; part < 10; part++)
    await store.append(
      batch({
        logs: Array.from({ length: 2_000 }, (_, i) =>
          logLine(NOON_MS - part * 10_000 - i, `line ${i} of ${part}`),
        ),
      }),
    );
  const seen: number[] = [];
  for await (const line of store.searchLogs({ fromMs: 0, toMs: NOON_MS, words: ['line'], limit: 10_000 })) {
    seen.push(line.atMs);
    if (seen.length === 10) break;
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 10 }, (_, i) => NOON_MS - i),
  );
  assert.equal((await store.stats()).reads, 0);
});
