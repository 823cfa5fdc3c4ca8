import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batch, hex, logLine, spanRecord } from '../store/fixtures/telemetry.ts';
import { testHost } from './testing/host.ts';

test('traces are found, shown with their lines, and compared', async () => {
  await using host = await testHost();
  const now = Date.now() - 10_000;
  const spans = [1, 2].flatMap((trace) => [
    spanRecord(trace, trace * 10, now + trace, { name: 'GET /', service: 'edge', durationNs: trace * 300e6 }),
    spanRecord(trace, trace * 10 + 1, now + trace + 5, {
      parentId: hex(trace * 10, 16),
      service: 'tax',
      name: 'rates',
      durationNs: trace * 100e6,
      status: trace === 2 ? 'error' : 'ok',
    }),
  ]);
  const logs = [0, 1, 2].map((i) => logLine(now + 3 - i, `line ${i}`, { traceId: hex(1 + (i % 2), 32) }));
  await host.store.append(batch({ spans, logs }));

  const query = '{ service = "tax" && duration > 150ms && status = error }';
  const list = await host.get('/palantir/traces', { query });
  const found = (await list.json()) as { traceId: string; rootName: string }[];
  assert.deepEqual(
    found.map(({ traceId, rootName }) => [traceId, rootName]),
    [[hex(2, 32), 'GET /']],
  );
  assert.deepEqual(
    { ...(JSON.parse(list.headers.get('palantir-search')!) as object), ms: 0 },
    { found: 1, looked: 2, blocks: 0, skippedBlocks: 0, ms: 0 },
  );

  const one = (await (await host.get(`/palantir/traces/${hex(1, 32)}`)).json()) as {
    spans: { startNs: string }[];
  };
  assert.equal(one.spans[0]!.startNs, String(BigInt(now + 1) * 1_000_000n));

  const { lines } = (await (await host.get(`/palantir/traces/${hex(1, 32)}/logs`)).json()) as {
    lines: { body: string }[];
  };
  assert.deepEqual(
    lines.map(({ body }) => body),
    ['line 2', 'line 0'],
  );

  const compared = await host.get('/palantir/traces/compare', { a: hex(1, 32), b: hex(2, 32) });
  const { spans: pairs } = (await compared.json()) as { spans: { name: string; differenceMs: number }[] };
  assert.deepEqual(
    pairs.map(({ name, differenceMs }) => [name, differenceMs]),
    [
      ['GET /', 300],
      ['rates', 100],
    ],
  );
});

test('what is not there, or is no id or query, is said', async () => {
  await using host = await testHost();
  const unknown = hex(5, 32);
  for (const [path, params, status] of [
    [`/palantir/traces/${unknown}`, {}, 404],
    ['/palantir/traces/5', {}, 400],
    ['/palantir/traces/compare', { a: unknown }, 400],
    ['/palantir/traces/compare', { a: unknown, b: unknown }, 404],
    ['/palantir/traces/x/logs', {}, 400],
    [`/palantir/traces/${unknown}/logs`, {}, 200],
    ['/palantir/traces', { query: '{ duration > 5 }' }, 400],
    ['/palantir/stats', {}, 200],
  ] as const)
    assert.equal((await host.get(path, params)).status, status, path);
});
