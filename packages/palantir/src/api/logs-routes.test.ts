import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { batch, logLine } from '../store/fixtures/telemetry.ts';
import { type TestHost, testHost } from './testing/host.ts';

const MINUTE_MS = 60_000;

async function linesOf(response: Response): Promise<Record<string, unknown>[]> {
  assert.equal(response.status, 200, await response.clone().text());
  assert.equal(response.headers.get('content-type'), 'application/x-ndjson');
  return (await response.text())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The events of a stream, read as they are asked for. */
async function* eventsOf(response: IncomingMessage): AsyncGenerator<{ event: string; data: never }> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk;
    const parts = text.split('\n\n');
    text = parts.pop()!;
    for (const part of parts) {
      const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(part) ?? [];
      if (event) yield { event, data: JSON.parse(data!) as never };
    }
  }
}

async function tail({ url }: TestHost, query: string): Promise<IncomingMessage> {
  const request = get(`${url}/palantir/logs/tail?${new URLSearchParams({ query })}`);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return response;
}

test('lines come as they are found, and for who asks the last one says how the search ended', async () => {
  await using host = await testHost();
  const now = Date.now();
  const logs = Array.from({ length: 20 }, (_, i) =>
    logLine(now - i * 1_000, JSON.stringify({ order: i }), { severity: i % 2 ? 17 : 9 }),
  );
  await host.store.append(batch({ logs }));
  const query = '{level="error"} | json | order >= 10';
  const found = await linesOf(await host.get('/palantir/logs', { query, limit: '3', explain: 'true' }));
  assert.deepEqual(
    found.slice(0, -1).map(({ body, attributes }) => [body, attributes]),
    [11, 13, 15].map((order) => [JSON.stringify({ order }), { order: String(order) }]),
  );
  const end = found.at(-1)!.end as Record<string, unknown>;
  assert.deepEqual(
    { ...end, ms: 0 },
    { found: 3, looked: 20, blocks: 0, skippedBlocks: 0, ms: 0, limitedBy: 'limit' },
  );
  const oldest = await linesOf(await host.get('/palantir/logs', { query, order: 'oldest' }));
  assert.deepEqual(
    oldest.map(({ body }) => body),
    [19, 17, 15, 13, 11].map((order) => JSON.stringify({ order })),
  );
});

test('a question that cannot be read is answered with its place', async () => {
  await using host = await testHost();
  for (const path of ['/palantir/logs', '/palantir/logs/counts', '/palantir/logs/tail']) {
    const answer = await host.get(path, { query: '{service=}' });
    assert.equal(answer.status, 400, path);
    const { code, data } = (await answer.json()) as { code: string; data: object };
    assert.ok(code.length > 0);
    assert.deepEqual(data, { line: 1, column: 10, problem: 'a text in quotes is expected, not }' });
  }
  for (const params of [{ limit: '0' }, { limit: '1e3' }, { limit: '10001' }, { start: 'soon' }])
    assert.equal((await host.get('/palantir/logs', params as never)).status, 400, JSON.stringify(params));
});

test('counts per minute and severity, and series of counts by a label', async () => {
  await using host = await testHost();
  const minute = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 5 * MINUTE_MS;
  const logs = [0, 1, 1, 61, 62, 130].map((second, i) =>
    logLine(minute + second * 1_000, `line ${i}`, {
      severity: i % 2 ? 17 : 9,
      attributes: { user: `u${i % 2}` },
    }),
  );
  await host.store.append(batch({ logs }));
  const range = { start: String(minute / 1_000), end: String((minute + 3 * MINUTE_MS - 1) / 1_000) };
  const counts = await host.get('/palantir/logs/counts', { ...range, query: '{} |= "line"' });
  assert.equal((JSON.parse(counts.headers.get('palantir-search')!) as { found: number }).found, 6);
  const wanted = [
    { atMs: minute, severity: 9, count: 2 },
    { atMs: minute, severity: 17, count: 1 },
    { atMs: minute + MINUTE_MS, severity: 17, count: 1 },
    { atMs: minute + MINUTE_MS, severity: 9, count: 1 },
    { atMs: minute + 2 * MINUTE_MS, severity: 17, count: 1 },
  ];
  const sorted = (list: object[]) => list.map((one) => JSON.stringify(one)).sort();
  assert.deepEqual(sorted((await counts.json()) as object[]), sorted(wanted));
  const kept = await host.get('/palantir/logs/counts', range);
  assert.deepEqual(sorted((await kept.json()) as object[]), sorted(wanted));
  const query = 'sum by (user) (count_over_time({} |= "line" [2m]))';
  const series = await host.get('/palantir/logs/series', { ...range, query, step: '1m' });
  const answer = (await series.json()) as { startMs: number; stepMs: number; series: object[] };
  assert.deepEqual([answer.startMs, answer.stepMs], [minute, MINUTE_MS]);
  assert.deepEqual(answer.series, [
    { labels: { user: 'u0' }, counts: [0, 2, 3] },
    { labels: { user: 'u1' }, counts: [0, 1, 2] },
  ]);
});

test('a tail that keeps up gets each line, and what it does not ask for is not sent', async () => {
  await using host = await testHost();
  const response = await tail(host, '{} |= "wanted"');
  const events = eventsOf(response);
  const sent: string[] = [];
  for (let round = 0; round < 20; round++) {
    const bodies = Array.from({ length: 50 }, (_, i) => `wanted ${round * 50 + i}`);
    sent.push(...bodies);
    const logs = bodies.flatMap((body) => [logLine(Date.now(), body), logLine(Date.now(), 'other')]);
    await host.store.append(batch({ logs }));
  }
  const seen: string[] = [];
  while (seen.length < sent.length) {
    const { event, data } = (await events.next()).value!;
    assert.equal(event, 'line');
    seen.push((data as { body: string }).body);
  }
  assert.deepEqual(seen, sent);
  response.destroy();
});
