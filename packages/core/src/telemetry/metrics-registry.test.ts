import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGoblinError } from '../errors.ts';
import { virtualClock } from '../virtual-clock.ts';
import { MAX_LABEL_LENGTH, MAX_SERIES, metricsRegistry } from './metrics-registry.ts';

/** The lines of an exposition that name the metric. */
function linesOf(text: string, name: string): string[] {
  return text.split('\n').filter((line) => line.includes(name));
}

test('an instrument that is declared again is the same one', () => {
  const metrics = metricsRegistry();
  const options = { help: 'Things.', labels: ['kind'] };
  metrics.counter('things_total', options).with('a').add();
  metrics.counter('things_total', options).with('a').add(2);
  assert.deepEqual(linesOf(metrics.expose('prometheus'), 'things_total{'), ['things_total{kind="a"} 3']);
});

test('an instrument that is declared differently is refused', () => {
  const metrics = metricsRegistry();
  metrics.gauge('things', { help: 'Things.', labels: ['kind'] });
  const isTaken = (error: unknown): boolean => isGoblinError(error, 'ALREADY_EXISTS');
  assert.throws(() => metrics.gauge('things', { help: 'Things.' }), isTaken);
  assert.throws(() => metrics.histogram('things', { help: 'Things.', labels: ['kind'] }), isTaken);
});

test('names and labels that a scraper would not take are refused by name', () => {
  const metrics = metricsRegistry();
  const help = 'Things.';
  assert.throws(() => metrics.gauge('Things-1', { help }), /"Things-1" needs a name/);
  assert.throws(() => metrics.counter('things', { help }), /must end in _total/);
  assert.throws(() => metrics.gauge('things_total', { help }), /must end in _total/);
  assert.throws(() => metrics.gauge('things_bucket', { help }), /ends like a sample/);
  assert.throws(() => metrics.gauge('things', { help, labels: ['le'] }), /cannot have the label "le"/);
  assert.throws(() => metrics.gauge('things', { help, labels: ['a', 'a'] }), /cannot have the label "a"/);
  assert.throws(
    () => metrics.gauge('things', { help, labels: ['a'] }).with(),
    /takes 1 label values \(a\), not 0/,
  );
});

test('beyond the limit of series everything is counted as other, and that is counted too', () => {
  const metrics = metricsRegistry();
  const counter = metrics.counter('things_total', { help: 'Things.', labels: ['id', 'kind'] });
  for (let i = 0; i < MAX_SERIES + 50; i++) counter.with(String(i), 'a').add();
  counter.with('7', 'a').add();
  const text = metrics.expose('prometheus');
  assert.equal(linesOf(text, 'things_total{').length, MAX_SERIES + 1);
  assert.ok(text.includes('things_total{id="other",kind="other"} 50\n'));
  assert.ok(text.includes('things_total{id="7",kind="a"} 2\n'));
  assert.ok(text.includes('metrics_series_refused_total{metric="things_total"} 50\n'));
});

test('a label value is cut to its limit', () => {
  const metrics = metricsRegistry();
  metrics
    .gauge('things', { help: 'Things.', labels: ['id'] })
    .with('x'.repeat(10_000))
    .set(1);
  assert.ok(metrics.expose('prometheus').includes(`things{id="${'x'.repeat(MAX_LABEL_LENGTH)}"} 1\n`));
});

test('counters never fall', () => {
  const metrics = metricsRegistry();
  const counter = metrics.counter('things_total', { help: 'Things.' }).with();
  counter.add(-5);
  counter.add(Number.NaN);
  counter.add(2.5);
  assert.ok(metrics.expose('prometheus').includes('things_total 2.5\n'));
});

test('observed values are read at each collection, until the observation is disposed', () => {
  const metrics = metricsRegistry();
  let peers = ['a', 'b'];
  const observation = metrics.observe('peers', { help: 'Peers.', labels: ['name'] }, (set) => {
    for (const name of peers) set(1, name);
  });
  assert.equal(linesOf(metrics.expose('prometheus'), 'peers{').length, 2);
  peers = ['c'];
  assert.deepEqual(linesOf(metrics.expose('prometheus'), 'peers{'), ['peers{name="c"} 1']);
  observation[Symbol.dispose]();
  assert.deepEqual(linesOf(metrics.expose('prometheus'), 'peers{'), []);
});

test('a reader that throws costs its own values only', () => {
  const metrics = metricsRegistry();
  metrics.observe('broken', { help: 'Broken.' }, () => {
    throw new Error('no');
  });
  metrics.observe('fine', { help: 'Fine.' }, (set) => set(1));
  const text = metrics.expose('prometheus');
  assert.ok(text.includes('\nfine 1\n'));
  assert.ok(metrics.expose('prometheus').includes('metrics_read_failures_total{metric="broken"}'));
});

test('a snapshot is plain JSON with the values of the metrics that are asked for', () => {
  const metrics = metricsRegistry({ clock: virtualClock(1_000) });
  metrics
    .counter('things_total', { help: 'Things.', labels: ['kind'] })
    .with('a')
    .add(3);
  metrics.histogram('wait_seconds', { help: 'Waits.' }).with().record(1);
  const snapshot = metrics.snapshot(['things_total', 'wait_seconds', 'unknown']);
  assert.deepEqual(JSON.parse(JSON.stringify(snapshot)), {
    wallMs: 1_000,
    sinceWallMs: 1_000,
    metrics: [
      {
        name: 'things_total',
        kind: 'counter',
        unit: '',
        help: 'Things.',
        labels: ['kind'],
        series: [{ labels: ['a'], value: 3 }],
      },
      {
        name: 'wait_seconds',
        kind: 'histogram',
        unit: 'seconds',
        help: 'Waits.',
        labels: [],
        series: [{ labels: [], histogram: { count: 1, sum: 1, buckets: [481, 1] } }],
      },
    ],
  });
  assert.equal(metrics.snapshot().metrics.length, metrics.instruments().length);
});
