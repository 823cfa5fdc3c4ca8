import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { virtualClock } from '../virtual-clock.ts';
import type { Metrics } from './metrics.ts';
import { metricsRegistry } from './metrics-registry.ts';
import { runtimeMetrics, WINDOW_MS } from './runtime-metrics.ts';

const WAIT_MS = 60_000;

/** The values of a metric by its label. */
function values(metrics: Metrics, name: string): Record<string, number> {
  const { series } = metrics.snapshot([name]).metrics[0]!;
  return Object.fromEntries(
    series.map(({ labels, value, histogram }) => [labels.join(), value ?? histogram!.count]),
  );
}

async function until(condition: () => boolean): Promise<void> {
  const limit = performance.now() + WAIT_MS;
  while (!condition()) {
    assert.ok(performance.now() < limit, 'waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('memory, CPU, start and open resources are those of this process', () => {
  const metrics = metricsRegistry();
  using _runtime = runtimeMetrics(metrics);
  const rss = values(metrics, 'process_resident_memory_bytes')['']!;
  assert.ok(rss > 10e6 && rss < 10 * process.memoryUsage.rss());
  const heap = values(metrics, 'v8js_memory_heap_used_bytes')['']!;
  assert.ok(heap > 1e6 && heap < values(metrics, 'v8js_memory_heap_limit_bytes')['']!);
  assert.ok(values(metrics, 'nodejs_external_memory_bytes')['']! > 0);
  const { user, system } = values(metrics, 'process_cpu_seconds_total');
  assert.ok(Math.abs(user! + system! - (process.cpuUsage().user + process.cpuUsage().system) / 1e6) < 1);
  assert.ok(Math.abs(values(metrics, 'process_start_time_seconds')['']! - Date.now() / 1_000) < 60);
  const timer = setTimeout(() => {}, 1_000);
  assert.ok(values(metrics, 'nodejs_active_resources').Timeout! >= 1);
  clearTimeout(timer);
});

test('a blocked event loop shows as delay and utilisation of its window', async () => {
  const clock = virtualClock();
  const metrics = metricsRegistry({ clock });
  using _runtime = runtimeMetrics(metrics, clock);
  assert.deepEqual(values(metrics, 'nodejs_eventloop_delay_seconds'), {});
  await new Promise((resolve) => setTimeout(resolve, 60));
  const endMs = performance.now() + 200;
  while (performance.now() < endMs);
  await new Promise((resolve) => setTimeout(resolve, 60));
  await clock.advance(WINDOW_MS);
  const { mean, p50, p99, max } = values(metrics, 'nodejs_eventloop_delay_seconds');
  assert.ok(max! > 0.1, String(max));
  assert.ok(p50! <= p99! && p99! <= max! && mean! <= max!);
  const utilization = values(metrics, 'nodejs_eventloop_utilization_ratio')['']!;
  assert.ok(utilization > 0.1 && utilization <= 1, String(utilization));
});

test('garbage collections are measured by their kind', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const metrics = metricsRegistry();
  using _runtime = runtimeMetrics(metrics);
  collect();
  await until(() => values(metrics, 'v8js_gc_duration_seconds').major! >= 1);
});

test('once disposed nothing is measured and nothing is left running', async () => {
  const clock = virtualClock();
  const metrics = metricsRegistry({ clock });
  runtimeMetrics(metrics, clock)[Symbol.dispose]();
  await clock.advance(2 * WINDOW_MS);
  assert.deepEqual(values(metrics, 'process_resident_memory_bytes'), {});
  assert.deepEqual(values(metrics, 'nodejs_eventloop_utilization_ratio'), {});
});
