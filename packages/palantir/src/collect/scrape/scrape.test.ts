import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'node:test';
import { EXPOSITION_TYPES, metricsRegistry } from '@goblin/core';
import { isStale } from '../../sample-rules.ts';
import { metricOf, running, toolsFor, until } from '../testing/collecting.ts';
import { FULL, recordingStore } from '../testing/recording-store.ts';
import { type ScrapeTarget, scrape } from './scrape.ts';

interface Served extends AsyncDisposable {
  readonly url: string;
  answer: RequestListener;
}

async function served(answer: RequestListener): Promise<Served> {
  const server = createServer((request, response) => one.answer(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const one: Served = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`,
    answer,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
  return one;
}

const text =
  (body: string, type = EXPOSITION_TYPES.prometheus): RequestListener =>
  (_, response) =>
    response.writeHead(200, { 'content-type': type }).end(body);

const PERIOD_MS = 100;
const TAX = { service: 'tax', instance: 'tax-1' };
const ended = (value: number | undefined): boolean => isStale(Float64Array.of(value ?? 0), 0);

test('metrics of our own services are read as OpenMetrics, with what is told of the target', async () => {
  const metrics = metricsRegistry();
  const orders = metrics.counter('orders_total', { help: 'Orders.', labels: ['country'] }).with('FR');
  orders.add(3);
  const asked: (string | undefined)[] = [];
  await using target = await served((request, response) => {
    asked.push(request.headers.accept);
    text(metrics.expose('openmetrics'), EXPOSITION_TYPES.openmetrics)(request, response);
  });
  const store = recordingStore();
  await using _ = running(
    scrape(toolsFor(store), { targets: () => [{ url: target.url, labels: TAX }], periodMs: PERIOD_MS }),
  );
  await until(() => store.valueOf('up', TAX) === 1, 'it is up');
  assert.match(asked[0]!, /^application\/openmetrics-text/);
  assert.equal(store.valueOf('orders_total', { ...TAX, country: 'FR' }), 3);
  assert.ok(store.valueOf('scrape_duration_seconds', TAX)! >= 0);
  orders.add(1);
  await until(() => store.valueOf('orders_total', TAX) === 4, 'the next scrape');
});

test('a target that fails is down and its series end; when it is back they go on', async () => {
  await using target = await served(text('a_total 1\n'));
  const store = recordingStore();
  const tools = toolsFor(store);
  await using _ = running(
    scrape(tools, { targets: () => [{ url: target.url, labels: TAX }], periodMs: PERIOD_MS }),
  );
  await until(() => store.valueOf('a_total', TAX) === 1, 'it is read');
  target.answer = (__, response) => response.writeHead(500).end('no');
  await until(() => store.valueOf('up', TAX) === 0, 'it is down');
  assert.ok(ended(store.valueOf('a_total', TAX)));
  assert.ok(metricOf(tools.metrics, 'collector_failures_total', 'scrape') > 0);
  target.answer = text('a_total 2\n');
  await until(() => store.valueOf('a_total', TAX) === 2, 'it is back');
  assert.equal(store.valueOf('up', TAX), 1);
});

test('when a target goes away all of its series end, and those of others do not', async () => {
  await using target = await served(text('a_total 1\n'));
  const other = { service: 'mail', instance: 'mail-1' };
  let targets: ScrapeTarget[] = [
    { url: target.url, labels: TAX },
    { url: target.url, labels: other },
  ];
  const store = recordingStore();
  await using _ = running(scrape(toolsFor(store), { targets: () => targets, periodMs: PERIOD_MS }));
  await until(
    () => store.valueOf('a_total', TAX) === 1 && store.valueOf('a_total', other) === 1,
    'both are read',
  );
  targets = targets.slice(1);
  await until(() => ended(store.valueOf('up', TAX)), 'one is over');
  assert.ok(ended(store.valueOf('a_total', TAX)));
  assert.ok(ended(store.valueOf('scrape_duration_seconds', TAX)));
  assert.equal(store.valueOf('a_total', other), 1);
});

test('a target that is slow, endless, too large, or none at all is down, and holds up no other', async () => {
  const filler = `a_total{x="${'x'.repeat(500)}"} 1\n`.repeat(50);
  await using silent = await served(() => {});
  await using endless = await served((_, response) => {
    response.writeHead(200);
    const drip = setInterval(() => response.write('a_total 1\n'), 10);
    response.on('close', () => clearInterval(drip));
  });
  await using large = await served(text(filler));
  await using elsewhere = await served((_, response) =>
    response.writeHead(302, { location: '/other' }).end(),
  );
  await using good = await served(text('a_total 1\n'));
  const labelsOf = (instance: string) => ({ instance });
  const targets = [
    { url: silent.url, labels: labelsOf('silent') },
    { url: endless.url, labels: labelsOf('endless') },
    { url: large.url, labels: labelsOf('large') },
    { url: elsewhere.url, labels: labelsOf('elsewhere') },
    { url: 'http://127.0.0.1:1/metrics', labels: labelsOf('none') },
    { url: 'no address', labels: labelsOf('odd') },
    { url: good.url, labels: labelsOf('good') },
  ];
  const store = recordingStore();
  await using _ = running(
    scrape(toolsFor(store), {
      targets: () => targets,
      periodMs: PERIOD_MS,
      timeoutMs: 200,
      maxBytes: 10_000,
    }),
  );
  for (const bad of ['silent', 'endless', 'large', 'elsewhere', 'none', 'odd'])
    await until(() => store.valueOf('up', labelsOf(bad)) === 0, `${bad} is down`);
  await until(() => store.valueOf('up', labelsOf('good')) === 1, 'the good one is up');
  assert.deepEqual(
    [
      ...new Set(
        store.samples
          .filter(({ series }) => series.__name__ === 'a_total')
          .map(({ series }) => series.instance),
      ),
    ],
    ['good'],
  );
});

test('a hundred targets are all read, sixteen at a time at most', async () => {
  let open = 0;
  let most = 0;
  await using target = await served((_, response) => {
    open += 1;
    most = Math.max(most, open);
    setTimeout(() => {
      open -= 1;
      response.end('a_total 1\n');
    }, 5);
  });
  const targets = Array.from({ length: 100 }, (_, i) => ({
    url: `${target.url}?${i}`,
    labels: { instance: String(i) },
  }));
  const store = recordingStore();
  await using _ = running(scrape(toolsFor(store), { targets: () => targets, periodMs: PERIOD_MS }));
  const instances = (): number =>
    new Set(
      store.samples.filter(({ series }) => series.__name__ === 'up').map(({ series }) => series.instance),
    ).size;
  await until(() => instances() === 100, 'all are read');
  assert.ok(most <= 16, `${most} at a time`);
});

test('what the store does not take is no fault of the target', async () => {
  await using target = await served(text('a_total 1\n'));
  const store = recordingStore();
  const tools = toolsFor(store);
  store.failure = FULL;
  await using _ = running(
    scrape(tools, { targets: () => [{ url: target.url, labels: TAX }], periodMs: PERIOD_MS }),
  );
  await until(() => metricOf(tools.metrics, 'collector_failures_total', 'scrape') > 0, 'it is counted');
  store.failure = undefined;
  await until(() => store.valueOf('up', TAX) !== undefined, 'there is room');
  assert.ok(!store.samples.some(({ series, value }) => series.__name__ === 'up' && value === 0));
});
