import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SpanRecord } from '../../model.ts';
import { temporaryFolder } from '../../store/fixtures/folder.ts';
import { seededRandom } from '../../store/fixtures/random.ts';
import { batch, hex, NOON_MS, noonClock, spanRecord } from '../../store/fixtures/telemetry.ts';
import type { SearchEnd } from '../../store/search-budget.ts';
import { openStore } from '../../store/store.ts';
import { compileTraces } from './compile.ts';
import { parseTraces } from './parser.ts';
import { GOOD_TRACES, WRONG_TRACES } from './testing/queries.ts';

const random = seededRandom(33);
const retention = { days: 5, bytes: 1e9 };
const SERVICES = ['edge', 'shop', 'tax'];
const NAMES = ['GET /', 'GET /orders', 'rates', 'SELECT orders'];
const KINDS = ['server', 'client', 'internal'] as const;
const STATUSES = ['unset', 'ok', 'error'] as const;

function pick<T>(values: readonly T[]): T {
  return values[random(values.length)]!;
}

test('every query of the subset is read', () => {
  for (const query of GOOD_TRACES) assert.doesNotThrow(() => parseTraces(query), query);
});

test('what is wrong is told with line and column, and with what would be right', () => {
  for (const [query, message] of WRONG_TRACES)
    assert.throws(
      () => parseTraces(query),
      (error: Error & { code: string }) => {
        assert.equal(error.code, 'INVALID_INPUT', query);
        assert.ok(error.message.includes(message), `${query}: ${error.message}`);
        return true;
      },
    );
});

test('what every trace must have that fits goes to the store, and spans are looked at only where that does not say it all', () => {
  const compiled = (query: string): object => compileTraces(parseTraces(query));
  assert.deepEqual(compiled(''), {});
  assert.deepEqual(compiled('{ service = "tax" }'), { service: 'tax' });
  assert.deepEqual(compiled('{ status = error }'), { error: true });
  assert.deepEqual(compiled('{ traceDuration >= 2s }'), { minDurationMs: 2_000 });
  const query = '{ service = "tax" && duration > 200ms && status = error && .http.route = "/x" }';
  assert.deepEqual(compiled(query), {
    service: 'tax',
    error: true,
    minDurationMs: 200,
    words: ['tax', '/x'],
    filter: parseTraces(query),
  });
  const either = '{ service = "tax" || duration > 200ms }';
  assert.deepEqual(compiled(either), { words: [], filter: parseTraces(either) });
  const both = '{ service = "tax" && duration > 1s } && { .user = "5" }';
  assert.deepEqual(compiled(both), {
    service: 'tax',
    minDurationMs: 1_000,
    words: [],
    filter: parseTraces(both),
  });
});

type Part = readonly [text: string, takes: (span: SpanRecord, all: readonly SpanRecord[]) => boolean];

function rootOf(all: readonly SpanRecord[]): SpanRecord | undefined {
  return all.find(({ parentId }) => parentId === undefined);
}

const COMPARISONS: readonly (() => Part)[] = [
  () => {
    const service = pick(SERVICES);
    return [
      pick([`service = "${service}"`, `resource.service.name = "${service}"`]),
      (span) => span.service === service,
    ];
  },
  () => ['name =~ "GET.*"', ({ name }) => name.startsWith('GET')],
  () => {
    const name = pick(NAMES);
    return [`name != "${name}"`, (span) => span.name !== name];
  },
  () => {
    const ms = random(40);
    return [`duration > ${ms}ms`, ({ durationNs }) => durationNs > ms * 1e6];
  },
  () => {
    const status = pick(STATUSES);
    return [`status = ${status}`, (span) => span.status === status];
  },
  () => {
    const kind = pick(KINDS);
    return [`kind = ${kind}`, (span) => span.kind === kind];
  },
  () => {
    const user = `u${random(6)}`;
    return [`span.user = "${user}"`, ({ attributes }) => attributes.user === user];
  },
  () => {
    const code = 200 + random(400);
    return [`.code >= ${code}`, ({ attributes }) => Number(attributes.code) >= code];
  },
  () => {
    const name = pick(NAMES);
    return [`rootName = "${name}"`, (_, all) => rootOf(all)?.name === name];
  },
];

function makeCondition(): Part {
  const [a, b, c] = [pick(COMPARISONS)(), pick(COMPARISONS)(), pick(COMPARISONS)()];
  switch (random(4)) {
    case 0:
      return a;
    case 1:
      return [`${a[0]} && ${b[0]}`, (span, all) => a[1](span, all) && b[1](span, all)];
    case 2:
      return [`${a[0]} || ${b[0]}`, (span, all) => a[1](span, all) || b[1](span, all)];
    default:
      return [
        `${a[0]} && (${b[0]} || ${c[0]})`,
        (span, all) => a[1](span, all) && (b[1](span, all) || c[1](span, all)),
      ];
  }
}

type WholePart = readonly [text: string, takes: (all: readonly SpanRecord[]) => boolean];

function makeQuery(): WholePart {
  const makeSet = (): WholePart => {
    const [text, takes] = makeCondition();
    return [`{ ${text} }`, (all) => all.some((span) => takes(span, all))];
  };
  const [a, b] = [makeSet(), makeSet()];
  const kind = random(4);
  if (kind === 0) return [`${a[0]} && ${b[0]}`, (all) => a[1](all) && b[1](all)];
  return kind === 1 ? [`${a[0]} || ${b[0]}`, (all) => a[1](all) || b[1](all)] : a;
}

function makeTrace(number: number): SpanRecord[] {
  const startMs = NOON_MS - random(8 * 3_600_000);
  return Array.from({ length: 1 + random(5) }, (_, i) =>
    spanRecord(number, number * 10 + i, startMs + i, {
      name: pick(NAMES),
      kind: pick(KINDS),
      service: pick(SERVICES),
      durationNs: random(50_000_000),
      status: pick(STATUSES),
      attributes: { user: `u${random(5)}`, ...(random(2) && { code: String(200 + random(400)) }) },
      ...(i > 0 && { parentId: hex(number * 10, 16) }),
    }),
  );
}

test('each query finds the traces that a look at all spans would', async () => {
  using folder = temporaryFolder();
  await using store = await openStore({ folder: folder.path, retention, clock: noonClock() });
  const traces = Array.from({ length: 300 }, (_, i) => makeTrace(i + 1));
  await store.append(batch({ spans: traces.slice(0, 200).flat() }));
  await store.seal();
  // The last spans of some come later than the others, and stay unsealed.
  await store.append(batch({ spans: traces.slice(200).flatMap((spans) => spans.slice(0, 2)) }));
  await store.seal();
  await store.append(batch({ spans: traces.slice(200).flatMap((spans) => spans.slice(2)) }));
  for (let i = 0; i < 60; i++) {
    const [query, takes] = makeQuery();
    const asked = { ...compileTraces(parseTraces(query)), fromMs: 0, toMs: NOON_MS, limit: 10_000 };
    const found = await store.searchTraces(asked);
    const wanted = traces.filter(takes).map(([span]) => span!.traceId);
    assert.deepEqual(found.map(({ traceId }) => traceId).sort(), wanted.sort(), query);
  }
  let end: SearchEnd | undefined;
  const asked = {
    ...compileTraces(parseTraces('{ .user = "nobody" }')),
    fromMs: 0,
    toMs: NOON_MS,
    maxLooked: 100,
  };
  await store.searchTraces(asked, undefined, (how) => {
    end = how;
  });
  assert.deepEqual([end!.found, end!.looked, end!.limitedBy], [0, 100, 'looked']);
});
