import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { logsFromProtobuf, tracesFromProtobuf } from '../decode/otlp/otlp.ts';
import { fromRemoteWrite } from '../decode/remote-write.ts';
import type { Sample } from '../model.ts';
import { batch, logLine, NOON_MS, sample, spanRecord } from '../store/fixtures/telemetry.ts';
import type { TelemetryStore } from '../store/telemetry-store.ts';
import type { RemoteWriteSettings } from './settings.ts';
import { type Exporting, exporting } from './testing/exporting.ts';
import { type ReceivingServer, receivingServer } from './testing/receiving-server.ts';

const MINUTE_MS = 60_000;

function remoteWrite(url: string, more: Partial<RemoteWriteSettings> = {}): RemoteWriteSettings {
  return { kind: 'remoteWrite', name: 'away', url, ...more };
}

/** Everything that was taken, in the order in which it came. */
function samplesOf({ taken }: ReceivingServer): readonly Sample[] {
  return taken.flatMap((body) => fromRemoteWrite(body, NOON_MS + 86_400_000).samples);
}

function valuesOf(server: ReceivingServer): number[] {
  return samplesOf(server).map(({ value }) => value);
}

async function keep(
  store: Pick<TelemetryStore, 'append'>,
  ...values: [atMs: number, value: number][]
): Promise<void> {
  await store.append(
    batch({ samples: values.map(([atMs, value]) => sample({ __name__: 'x' }, atMs, value)) }),
  );
}

/** One sample each second for so long, kept when its time has come. */
async function feed({ store, clock, pass }: Exporting, seconds: number): Promise<void> {
  for (let i = 0; i < seconds; i += 1) {
    await keep(store, [clock.wall(), clock.wall()]);
    await pass(1_000);
  }
}

test('what is kept goes out once, in order, also what comes late but within the delay', async () => {
  await using server = await receivingServer();
  await using one = await exporting(remoteWrite(server.url));
  await keep(one.store, [NOON_MS + 1_000, 1]);
  await one.pass(12_000);
  await keep(one.store, [NOON_MS + 2_000, 2], [NOON_MS, 0]);
  await one.pass(8_000);
  await keep(one.store, [NOON_MS + 19_000, 3]);
  await one.until(() => valuesOf(server).length >= 4);
  await one.pass(MINUTE_MS);
  assert.deepEqual(valuesOf(server), [0, 1, 2, 3]);
  assert.equal(one.count('export_sent_total'), 4);
  assert.equal(one.count('export_failures_total'), 0);
});

test('an exemplar goes out once, with the first sample at its time or after it, however much later that came', async () => {
  await using server = await receivingServer();
  await using one = await exporting(remoteWrite(server.url));
  const series = { __name__: 'x_bucket', le: '1' };
  // A slot holds one: these are of different ones, and the last has no sample yet.
  for (const [i, afterMs] of [0, 40_000, 80_000].entries()) {
    const atMs = NOON_MS + afterMs;
    while (one.clock.wall() < atMs + 15_000) await one.pass(5_000);
    const labels = { trace_id: String(i).repeat(32) };
    await one.store.append(
      batch({
        samples: i < 2 ? [sample(series, atMs + 15_000, i)] : [],
        exemplars: [{ series, atMs, value: i, labels }],
      }),
    );
  }
  await one.pass(MINUTE_MS);
  const sent = (): unknown[] =>
    server.all
      .flatMap(({ body }) => fromRemoteWrite(body, one.clock.wall()).exemplars ?? [])
      .map(({ value }) => value);
  assert.deepEqual(sent(), [0, 1]);
  await one.store.append(batch({ samples: [sample(series, one.clock.wall(), 2)] }));
  await one.until(() => sent().length > 2);
  assert.deepEqual(sent(), [0, 1, 2]);
});

test('after restarts it goes on where it was: nothing is missing, nothing is doubled', async () => {
  await using server = await receivingServer();
  const settings = remoteWrite(server.url);
  await using one = await exporting(settings);
  for (let round = 0; round < 4; round += 1) {
    await feed(one, 20);
    await one.stop();
    await feed(one, 7);
    one.start(settings);
  }
  await one.until(() => valuesOf(server).length >= 108);
  await one.pass(MINUTE_MS);
  assert.deepEqual(
    valuesOf(server).map((value) => (value - NOON_MS) / 1_000),
    Array.from({ length: 108 }, (_, i) => i),
  );
});

test('while the receiver is away it is asked again, ever more seldom, and gets everything when it is back', async () => {
  await using server = await receivingServer();
  await using one = await exporting(remoteWrite(server.url));
  server.answer = () => 503;
  await keep(one.store, [NOON_MS, 1]);
  await one.until(() => server.all.length >= 1);
  await keep(one.store, [one.clock.wall(), 2]);
  await one.pass(3 * MINUTE_MS);
  const asked = server.all.length;
  assert.ok(asked >= 4 && asked <= 9, `it asked ${asked} times`);
  assert.ok(one.count('export_lag_seconds') > 120);
  server.answer = () => 204;
  await one.until(() => valuesOf(server).length >= 2);
  await one.pass(MINUTE_MS);
  assert.deepEqual(valuesOf(server), [1, 2]);
  assert.ok(one.count('export_lag_seconds') < 30);
  assert.equal(one.count('export_failures_total'), asked);
});

test('it waits as long as Retry-After says', async () => {
  await using server = await receivingServer();
  await using one = await exporting(remoteWrite(server.url));
  server.answer = (_, response) => {
    response.setHeader('retry-after', '120');
    return 429;
  };
  await keep(one.store, [NOON_MS, 1]);
  await one.until(() => server.all.length === 1);
  server.answer = () => 204;
  await one.pass(118_000);
  assert.equal(server.all.length, 1);
  await one.until(() => valuesOf(server).length === 1);
});

test('an answer that breaks off or never comes, and a wrong password, lose nothing', async () => {
  await using server = await receivingServer();
  await using one = await exporting(remoteWrite(server.url));
  await keep(one.store, [NOON_MS, 1]);
  const troubles: ReceivingServer['answer'][] = [
    (_, response) => void response.destroy(),
    () => undefined,
    () => 401,
    () => 404,
    () => 302,
  ];
  server.answer = (request, response) => (troubles.shift() ?? (() => 204))(request, response);
  await one.until(() => valuesOf(server).length === 1);
  assert.equal(one.count('export_failures_total'), 5);
  assert.equal(one.count('export_skipped_total'), 0);
});

test('of a request that is refused only what is bad is left out, and counted', async () => {
  await using server = await receivingServer();
  await using one = await exporting(remoteWrite(server.url));
  const bad = (body: Buffer): boolean =>
    fromRemoteWrite(body, NOON_MS + MINUTE_MS).samples.some(({ series }) => series.i === '3');
  server.answer = ({ body }) => (bad(body) ? 400 : 204);
  const samples = Array.from({ length: 16 }, (_, i) => sample({ __name__: 'x', i: String(i) }, NOON_MS, i));
  await one.store.append(batch({ samples }));
  await one.until(() => valuesOf(server).length >= 15);
  await one.pass(MINUTE_MS);
  assert.deepEqual(
    valuesOf(server).sort((a, b) => a - b),
    samples.map(({ value }) => value).filter((value) => value !== 3),
  );
  assert.equal(one.count('export_skipped_total'), 1);
});

test('a receiver that refuses everything is not asked for each part without end', async () => {
  await using server = await receivingServer();
  await using one = await exporting(remoteWrite(server.url));
  server.answer = () => 400;
  const samples = Array.from({ length: 1_000 }, (_, i) =>
    sample({ __name__: 'x', i: String(i) }, NOON_MS, i),
  );
  await one.store.append(batch({ samples }));
  await one.until(() => one.count('export_skipped_total') >= 1_000);
  assert.ok(server.all.length <= 70, `it asked ${server.all.length} times`);
});

test('it goes back no further than it reaches, and what it leaves out is counted', async () => {
  await using server = await receivingServer();
  const settings = remoteWrite(server.url, { reach: '10m' });
  await using one = await exporting(settings);
  server.answer = () => 503;
  await keep(one.store, [NOON_MS, 1]);
  await one.until(() => server.all.length > 0);
  await one.stop();
  await one.clock.advance(30 * MINUTE_MS);
  await keep(one.store, [one.clock.wall() - 15 * MINUTE_MS, 2], [one.clock.wall() - 5 * MINUTE_MS, 3]);
  server.answer = () => 204;
  one.start(settings);
  await one.until(() => valuesOf(server).length > 0);
  await one.pass(MINUTE_MS);
  assert.deepEqual(valuesOf(server), [3]);
  const skipped = one.count('export_skipped_seconds_total');
  assert.ok(skipped > 19 * 60 && skipped < 25 * 60, String(skipped));
});

test('what waits for a receiver that stays away is given up when it is too old, without a restart', async () => {
  await using server = await receivingServer();
  await using one = await exporting(remoteWrite(server.url, { reach: '1m' }));
  server.answer = () => 503;
  await keep(one.store, [NOON_MS, 1]);
  await one.until(() => one.count('export_skipped_seconds_total') > 0);
  server.answer = () => 204;
  await keep(one.store, [one.clock.wall(), 2]);
  await one.until(() => valuesOf(server).length > 0);
  assert.deepEqual(valuesOf(server), [2]);
});

test('much telemetry goes out in many requests, one at a time', async () => {
  await using server = await receivingServer();
  await using one = await exporting(remoteWrite(server.url));
  const samples = Array.from({ length: 40_000 }, (_, i) =>
    sample({ __name__: 'x', i: String(i % 9_000) }, NOON_MS + Math.floor(i / 9_000) * 1_000, i),
  );
  await one.store.append(batch({ samples }));
  await one.until(() => valuesOf(server).length >= 40_000);
  assert.equal(new Set(valuesOf(server)).size, 40_000);
  assert.equal(server.mostAtOnce, 1);
  assert.ok(server.all.length >= 8);
  assert.ok(server.all.every(({ headers }) => headers['x-prometheus-remote-write-version'] === '0.1.0'));
});

test('only the series that one of the selectors matches go out, each once', async () => {
  await using server = await receivingServer();
  await using one = await exporting(
    remoteWrite(server.url, { match: ['{service="tax"}', 'up', '{service=~"t.*"}'] }),
  );
  const names = [
    { __name__: 'a', service: 'tax' },
    { __name__: 'up', service: 'shop' },
    { __name__: 'b', service: 'shop' },
  ];
  await one.store.append(batch({ samples: names.map((labels, i) => sample(labels, NOON_MS, i)) }));
  await one.until(() => valuesOf(server).length >= 2);
  await one.pass(MINUTE_MS);
  assert.deepEqual(valuesOf(server).sort(), [0, 1]);
});

test('one that is away holds up no other; settings that change start and end exporters, and positions are kept', async () => {
  await using away = await receivingServer();
  await using well = await receivingServer();
  const both = [remoteWrite(away.url, { name: 'away' }), remoteWrite(well.url, { name: 'well' })];
  await using one = await exporting(...both);
  away.answer = () => undefined;
  await keep(one.store, [NOON_MS, 1]);
  await one.until(() => valuesOf(well).length === 1 && away.all.length === 1);
  away.answer = () => 204;
  one.exports.apply({ exporters: [both[1]!] });
  await keep(one.store, [one.clock.wall(), 2]);
  await one.until(() => valuesOf(well).length === 2);
  one.exports.apply({ exporters: [remoteWrite(away.url, { name: 'away', delay: '5s' }), both[1]!] });
  await one.until(() => valuesOf(away).length === 2);
  await one.pass(MINUTE_MS);
  assert.deepEqual(
    [valuesOf(away), valuesOf(well)],
    [
      [1, 2],
      [1, 2],
    ],
  );
});

test('log lines and spans go out once by OTLP; a span when it has ended, however long it took', async () => {
  await using server = await receivingServer();
  await using one = await exporting({ kind: 'otlp', name: 'away', url: server.url });
  const bodies = (path: string): Buffer[] =>
    server.all
      .filter((request) => request.taken && request.path === path)
      .map(({ body }) => gunzipSync(body));
  const lines = (): string[] =>
    bodies('/v1/logs').flatMap((body) => logsFromProtobuf(body, NOON_MS).logs.map((line) => line.body));
  const spans = (): string[] =>
    bodies('/v1/traces').flatMap((body) =>
      tracesFromProtobuf(body, NOON_MS).spans.map(({ spanId }) => spanId.replace(/^0+/, '')),
    );
  // Several at one time, and the last of a read's worth among them.
  const many = Array.from({ length: 12_000 }, (_, i) => logLine(NOON_MS + Math.floor(i / 7), `line ${i}`));
  await one.store.append(batch({ logs: many.toReversed(), spans: [spanRecord(1, 1, NOON_MS)] }));
  await one.until(() => lines().length >= 12_000 && spans().length === 1);
  const endMs = one.clock.wall();
  const long = spanRecord(1, 2, NOON_MS, { durationNs: (endMs - NOON_MS) * 1e6 });
  await one.store.append(batch({ spans: [long] }));
  await one.until(() => spans().length === 2);
  await one.pass(MINUTE_MS);
  assert.equal(lines().length, 12_000);
  assert.equal(new Set(lines()).size, 12_000);
  assert.deepEqual(spans(), ['1', '2']);
  assert.equal(server.mostAtOnce, 1);
});
