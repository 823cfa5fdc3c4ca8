import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { context } from '../context.ts';
import { virtualClock } from '../virtual-clock.ts';
import { expositionFormat } from './exposition.ts';
import { metricsRegistry } from './metrics-registry.ts';
import { runtimeMetrics } from './runtime-metrics.ts';

const PROMTOOL = '/usr/bin/promtool';
const skip = existsSync(PROMTOOL) ? false : `${PROMTOOL} is not installed (Debian package prometheus)`;

const trace = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', sampled: true };

test('the OpenMetrics exposition has units, cumulated buckets, exemplars and an end', () => {
  const metrics = metricsRegistry({ clock: virtualClock(Date.UTC(2026, 0, 1)) });
  const waits = metrics.histogram('wait_seconds', { help: 'Waits.', labels: ['lane'] }).with('a');
  context.run({ trace }, () => waits.record(0.003));
  waits.record(0.004);
  waits.record(100, { ...trace, sampled: false });
  const text = metrics.expose('openmetrics');
  const exemplar = `# {trace_id="${trace.traceId}",span_id="${trace.spanId}"} 0.003 1767225600.000`;
  assert.ok(
    text.includes('# TYPE wait_seconds histogram\n# UNIT wait_seconds seconds\n# HELP wait_seconds Waits.\n'),
  );
  assert.ok(text.includes('wait_seconds_bucket{lane="a",le="0.0025"} 0\n'));
  assert.ok(text.includes(`wait_seconds_bucket{lane="a",le="0.005"} 2 ${exemplar}\n`));
  assert.ok(text.includes('wait_seconds_bucket{lane="a",le="10.0"} 2\n'));
  assert.ok(text.includes('wait_seconds_bucket{lane="a",le="+Inf"} 3\n'));
  assert.ok(text.includes('wait_seconds_sum{lane="a"} 100.007\nwait_seconds_count{lane="a"} 3\n'));
  assert.ok(text.endsWith('\n# EOF\n'));
});

test('in OpenMetrics the family of a counter is named without _total', () => {
  const metrics = metricsRegistry();
  metrics.counter('cpu_seconds_total', { help: 'CPU.' }).with().add(2);
  assert.ok(
    metrics
      .expose('openmetrics')
      .includes(
        '# TYPE cpu_seconds counter\n# UNIT cpu_seconds seconds\n# HELP cpu_seconds CPU.\ncpu_seconds_total 2\n',
      ),
  );
  assert.ok(
    metrics
      .expose('prometheus')
      .includes('# TYPE cpu_seconds_total counter\n# HELP cpu_seconds_total CPU.\n'),
  );
});

test('the Prometheus exposition has no exemplars, no units and no end, and leaves fresh exemplars for OpenMetrics', () => {
  const metrics = metricsRegistry();
  const waits = metrics.histogram('wait_seconds', { help: 'Waits.' }).with();
  waits.record(0.003, trace);
  const text = metrics.expose('prometheus');
  assert.ok(!text.includes(trace.traceId) && !text.includes('UNIT') && !text.includes('EOF'));
  assert.ok(metrics.expose('openmetrics').includes(trace.traceId));
});

test('each collection gets the first sampled trace after the one before', () => {
  const metrics = metricsRegistry();
  const waits = metrics.histogram('wait_seconds', { help: 'Waits.' }).with();
  const named = (digit: string): typeof trace => ({ ...trace, traceId: digit.repeat(32) });
  for (const digit of ['1', '2']) waits.record(0.003, named(digit));
  assert.ok(metrics.expose('openmetrics').includes(named('1').traceId));
  for (const digit of ['3', '4']) waits.record(0.003, named(digit));
  assert.ok(metrics.expose('openmetrics').includes(named('3').traceId));
});

test('label values and help are escaped', () => {
  const metrics = metricsRegistry();
  metrics
    .gauge('things', { help: 'A \\ and\na "line".', labels: ['id'] })
    .with('a"b\\c\nd\ud800')
    .set(1);
  assert.ok(metrics.expose('openmetrics').includes('# HELP things A \\\\ and\\na \\"line\\".\n'));
  assert.ok(metrics.expose('prometheus').includes('# HELP things A \\\\ and\\na "line".\n'));
  assert.ok(metrics.expose('openmetrics').includes('things{id="a\\"b\\\\c\\nd\ufffd"} 1\n'));
});

test('a scraper gets the format that its Accept header asks for', () => {
  const prometheus =
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
  assert.equal(expositionFormat(prometheus), 'openmetrics');
  assert.equal(expositionFormat('*/*'), 'prometheus');
  assert.equal(expositionFormat(undefined), 'prometheus');
});

test("Prometheus' own checker finds nothing to complain about", { skip }, async () => {
  const clock = virtualClock();
  const metrics = metricsRegistry({ clock });
  using _runtime = runtimeMetrics(metrics, clock);
  await clock.advance(60_000);
  metrics
    .counter('things_total', { help: 'Things.', labels: ['kind'] })
    .with('a "b" \\ c\nd')
    .add();
  metrics
    .histogram('wait_seconds', { help: 'Waits.', labels: ['lane'] })
    .with('a')
    .record(0.2);
  const checked = spawnSync(PROMTOOL, ['check', 'metrics'], {
    input: metrics.expose('prometheus'),
    encoding: 'utf8',
  });
  assert.equal(checked.stdout + checked.stderr, '');
  assert.equal(checked.status, 0);
});
