/** What a query finds and counts in the store is what a plain look at every line gives: random lines, random queries, sealed and not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogLine } from '../../model.ts';
import { temporaryFolder } from '../../store/fixtures/folder.ts';
import { seededRandom } from '../../store/fixtures/random.ts';
import { batch, HOUR_MS, hex, logLine, NOON_MS, noonClock } from '../../store/fixtures/telemetry.ts';
import type { SearchEnd } from '../../store/search-budget.ts';
import { openStore, type TelemetryStore } from '../../store/store.ts';
import { compileSelection } from './compile.ts';
import { countLogs } from './counting.ts';
import { parseCounting, parseSelection } from './parser.ts';

const retention = { days: 5, bytes: 1e9 };
const random = seededRandom(21);
const SERVICES = ['payments', 'shop', 'tax'];
const LEVELS = ['unknown', 'trace', 'debug', 'info', 'warn', 'error', 'fatal'];
const WORDS = ['paid', 'refused', 'timeout', 'card', 'order', 'late'];
const MINUTE_MS = 60_000;

function pick<T>(values: readonly T[]): T {
  return values[random(values.length)]!;
}

interface Made {
  readonly line: LogLine;
  readonly level: string;
  /** What its body says, where it is JSON. */
  readonly json: Readonly<Record<string, string>> | undefined;
}

function makeLine(): Made {
  const severity = random(25);
  const text = `${pick(WORDS)} ${pick(WORDS)}`;
  const json =
    random(3) > 0 ? { status: String(200 + random(400)), ms: `${random(3_000)}ms`, text } : undefined;
  const line = logLine(NOON_MS - random(30 * 60) * 1_000, json ? JSON.stringify(json) : text, {
    severity,
    service: pick(SERVICES),
    attributes: { user: `u${random(5)}`, ...(random(2) && { 'service.instance.id': `i${random(3)}` }) },
    ...(random(2) && { traceId: hex(1 + random(9), 32) }),
  });
  return { line, json, level: severity === 0 ? 'unknown' : LEVELS[1 + Math.floor((severity - 1) / 4)]! };
}

type Part = readonly [text: string, takes: (made: Made) => boolean];

const MATCHERS: readonly (() => Part)[] = [
  () => {
    const service = pick(SERVICES);
    return [`service="${service}"`, ({ line }) => line.service === service];
  },
  () => {
    const [one, other] = [pick(LEVELS), pick(LEVELS)];
    return [`level=~"${one}|${other}"`, ({ level }) => level === one || level === other];
  },
  () => {
    const user = `u${random(6)}`;
    return [`user!="${user}"`, ({ line }) => line.attributes.user !== user];
  },
  () => {
    const instance = `i${random(3)}`;
    return [`instance="${instance}"`, ({ line }) => line.attributes['service.instance.id'] === instance];
  },
  () => {
    const id = hex(1 + random(9), 32);
    return [`trace_id="${id}"`, ({ line }) => line.traceId === id];
  },
];

const FILTERS: readonly (() => Part)[] = [
  () => {
    const text = pick(WORDS).slice(0, 2 + random(3));
    return [`|= "${text}"`, ({ line }) => line.body.includes(text)];
  },
  () => {
    const [one, other] = [pick(WORDS), pick(WORDS)];
    return [
      `!= "${one}" or "${other}"`,
      ({ line }) => !line.body.includes(one) && !line.body.includes(other),
    ];
  },
  () => {
    const word = pick([...WORDS, 'car']);
    return [`|= word("${word.toUpperCase()}")`, ({ line }) => new RegExp(`\\b${word}\\b`).test(line.body)];
  },
  () => ['|~ "or?d.r"', ({ line }) => /or?d.r/.test(line.body)],
  () => {
    const user = random(5);
    return [
      `| user = "u${user}" or user = "u0"`,
      ({ line }) => [`u${user}`, 'u0'].includes(line.attributes.user!),
    ];
  },
];

const STAGES: readonly (() => Part)[] = [
  () => {
    const status = 200 + random(400);
    return [`| status >= ${status}`, ({ json }) => json !== undefined && Number(json.status) >= status];
  },
  () => {
    const ms = random(3_000);
    return [
      `| (ms < ${ms / 1_000}s and status != 200) or text = "card late"`,
      ({ json }) =>
        json !== undefined &&
        ((Number.parseInt(json.ms!, 10) < ms && json.status !== '200') || json.text === 'card late'),
    ];
  },
  () => ['| __error__ = ""', ({ json }) => json !== undefined],
];

function some(makers: readonly (() => Part)[], most: number): Part[] {
  return Array.from({ length: random(most + 1) }, () => pick(makers)());
}

function makeSelection(): Part {
  const matchers = some(MATCHERS, 2);
  const filters = some(FILTERS, 2);
  const stages = some(STAGES, 2);
  const texts = [`{${matchers.map(([text]) => text).join(', ')}}`, ...filters.map(([text]) => text)];
  if (stages.length > 0) texts.push('| json', ...stages.map(([text]) => text));
  const all = [...matchers, ...filters, ...stages];
  return [texts.join(' '), (made) => all.every(([, takes]) => takes(made))];
}

async function search(
  store: TelemetryStore,
  query: string,
  more: object = {},
): Promise<[LogLine[], SearchEnd]> {
  const lines: LogLine[] = [];
  let end: SearchEnd | undefined;
  const asked = {
    ...compileSelection(parseSelection(query)),
    fromMs: 0,
    toMs: NOON_MS,
    limit: 10_000,
    ...more,
  };
  for await (const line of store.searchLogs(asked, undefined, (how) => {
    end = how;
  }))
    lines.push(line);
  return [lines, end!];
}

test('each query finds and counts what a look at every line would', async () => {
  using folder = temporaryFolder();
  await using store = await openStore({ folder: folder.path, retention, clock: noonClock() });
  const all: Made[] = [];
  for (let round = 0; round < 4; round++) {
    const made = Array.from({ length: round === 1 ? 2_500 : 200 + random(300) }, makeLine);
    await store.append(batch({ logs: made.map(({ line }) => line) }));
    all.push(...made);
    if (round === 2) await store.seal();
  }
  for (let i = 0; i < 60; i++) {
    const [query, takes] = makeSelection();
    const wanted = all.filter(takes);
    const [found, end] = await search(store, query);
    assert.deepEqual(found.map(({ atMs }) => atMs).sort(), wanted.map(({ line }) => line.atMs).sort(), query);
    assert.equal(end.found, wanted.length);
    assert.equal(end.limitedBy, undefined);
    await checkCounts(store, query, wanted);
  }
});

async function checkCounts(store: TelemetryStore, query: string, wanted: readonly Made[]): Promise<void> {
  const isOfMinutes = random(2) === 0;
  const unit = isOfMinutes ? MINUTE_MS : 1_000;
  const [rangeMs, stepMs] = [(1 + random(30)) * unit, (1 + random(60)) * unit];
  const fromMs = NOON_MS - random(30) * MINUTE_MS;
  const by = pick([[], ['level'], ['service', 'level'], ['user']]);
  const counting = parseCounting(`sum by (${by}) (count_over_time(${query}[${rangeMs}ms]))`);
  const range = { fromMs, toMs: NOON_MS + 5 * MINUTE_MS, stepMs };
  const { series } = await countLogs(store, counting, range, {});
  const naive = new Map<string, number[]>();
  const steps = Math.floor((range.toMs - fromMs) / stepMs) + 1;
  for (const { line, level } of wanted) {
    const values: Record<string, string> = { level, service: line.service, user: line.attributes.user! };
    const key = JSON.stringify(Object.fromEntries(by.map((label) => [label, values[label]])));
    for (let step = 0; step < steps; step++) {
      const at = fromMs + step * stepMs;
      if (line.atMs < at - rangeMs || line.atMs >= at) continue;
      if (!naive.has(key)) naive.set(key, new Array(steps).fill(0));
      naive.get(key)![step]!++;
    }
  }
  assert.deepEqual(
    new Map(series.map(({ labels, counts }) => [JSON.stringify(labels), counts])),
    naive,
    query,
  );
}

test('counts by service and level of whole minutes come from the counters, and are those of a look at every line', async () => {
  using folder = temporaryFolder();
  await using store = await openStore({ folder: folder.path, retention, clock: noonClock() });
  const logs = Array.from({ length: 3_000 }, () => makeLine().line);
  await store.append(batch({ logs }));
  const range = { fromMs: NOON_MS - HOUR_MS, toMs: NOON_MS + MINUTE_MS, stepMs: MINUTE_MS };
  const counted = (query: string) => countLogs(store, parseCounting(query), range, {});
  const kept = await counted(
    'sum by (service, level) (count_over_time({service!="tax", level=~"error|warn"}[5m]))',
  );
  const looked = await counted(
    'sum by (service, level) (count_over_time({service!="tax", level=~"error|warn"} |= "" [5m]))',
  );
  assert.equal(kept.end.looked, 0);
  assert.equal(looked.end.looked, 3_000);
  const sorted = ({ series }: typeof kept) => series.map((one) => JSON.stringify(one)).sort();
  assert.ok(kept.series.length === 4);
  assert.deepEqual(sorted(kept), sorted(looked));
});

test('a search says what it looked at and what ended it, and what is too much is refused', async () => {
  using folder = temporaryFolder();
  await using store = await openStore({ folder: folder.path, retention, clock: noonClock() });
  for (let part = 0; part < 10; part++) {
    const logs = Array.from({ length: 2_000 }, (_, i) =>
      logLine(NOON_MS - part * 10_000 - i, `line ${i} of part_${part}`, {
        attributes: { number: String(i) },
      }),
    );
    await store.append(batch({ logs }));
  }
  const [, whole] = await search(store, '{} |= "nowhere"');
  assert.deepEqual({ ...whole, ms: 0 }, { found: 0, looked: 20_000, blocks: 10, skippedBlocks: 0, ms: 0 });
  const [lines, skipping] = await search(store, '{} |= word("part_3")');
  assert.deepEqual([lines.length, skipping.blocks, skipping.skippedBlocks], [2_000, 1, 9]);
  assert.equal((await search(store, '{}', { limit: 5 }))[1].limitedBy, 'limit');
  const [some, stopped] = await search(store, '{} |~ "part_[019]"', { maxLooked: 3_000 });
  assert.deepEqual([some.length, stopped.looked, stopped.limitedBy], [4_000, 4_000, 'looked']);
  assert.equal((await search(store, '{} |= "line"', { maxMs: 0 }))[1].limitedBy, 'time');
  const range = { fromMs: NOON_MS - HOUR_MS, toMs: NOON_MS, stepMs: MINUTE_MS };
  const counting = parseCounting('sum by (number) (count_over_time({}[1m]))');
  await assert.rejects(countLogs(store, counting, range, {}), {
    code: 'RESOURCE_EXHAUSTED',
    message: 'by (number) makes more than 200 series: count by labels with fewer values',
  });
  await assert.rejects(countLogs(store, counting, { ...range, stepMs: 1 }, {}), {
    code: 'RESOURCE_EXHAUSTED',
  });
  await assert.rejects(countLogs(store, counting, { ...range, toMs: 0 }, {}), { code: 'INVALID_INPUT' });
});

test('an expression that backtracks without end holds up nobody', async () => {
  using folder = temporaryFolder();
  await using store = await openStore({ folder: folder.path, retention, clock: noonClock() });
  await store.append(batch({ logs: [logLine(NOON_MS, `${'a'.repeat(60)}b`)] }));
  const [found] = await search(store, '{} |~ "^(a+)+$"');
  assert.equal(found.length, 0);
});
