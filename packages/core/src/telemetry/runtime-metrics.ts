/** How the process itself is doing: event loop, garbage collection, memory, CPU, what it holds open. The names are
 * OpenTelemetry's for Node.js and V8, and Prometheus' own where scrapers expect those (`process_…`). What costs
 * something to read is read at collection; event-loop delay and utilisation are taken over windows of WINDOW_MS, so that
 * any number of readers see the same values. */
import {
  constants,
  monitorEventLoopDelay,
  type PerformanceEntry,
  PerformanceObserver,
  performance,
} from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { type Clock, systemClock } from '../clock.ts';
import type { Metrics } from './metrics.ts';

export const WINDOW_MS = 10_000;
/** The loop is probed this often. A probe wakes an idle process, so it is rare. */
const PROBE_MS = 20;
const NANOSECONDS = 1e9;
const MICROSECONDS = 1e6;

const GC_KINDS: Readonly<Record<number, string>> = {
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weakcb',
};

/** Declares them and measures until what it returns is disposed. */
export function runtimeMetrics(metrics: Metrics, clock: Clock = systemClock): Disposable {
  const parts = new DisposableStack();
  parts.use(eventLoop(metrics, clock));
  parts.use(garbageCollection(metrics));
  for (const observed of resources(metrics)) parts.use(observed);
  return parts;
}

function eventLoop(metrics: Metrics, clock: Clock): Disposable {
  const parts = new DisposableStack();
  const delays = parts.adopt(monitorEventLoopDelay({ resolution: PROBE_MS }), (probe) => probe.disable());
  delays.enable();
  let last = performance.eventLoopUtilization();
  let window: { delays: Record<string, number>; utilization: number } | undefined;

  // A probe that comes on time is seen after PROBE_MS.
  const seconds = (nanoseconds: number): number => Math.max(0, nanoseconds / NANOSECONDS - PROBE_MS / 1_000);
  const timer = clock.every(WINDOW_MS, () => {
    const now = performance.eventLoopUtilization();
    window = {
      utilization: performance.eventLoopUtilization(now, last).utilization,
      delays:
        delays.count === 0
          ? {}
          : {
              mean: seconds(delays.mean),
              p50: seconds(delays.percentile(50)),
              p99: seconds(delays.percentile(99)),
              max: seconds(delays.max),
            },
    };
    last = now;
    delays.reset();
  });
  parts.defer(() => timer.cancel());

  parts.use(
    metrics.observe(
      'nodejs_eventloop_delay_seconds',
      { help: `How late the event loop ran, over the last ${WINDOW_MS / 1_000} s.`, labels: ['stat'] },
      (set) => {
        for (const [stat, value] of Object.entries(window?.delays ?? {})) set(value, stat);
      },
    ),
  );
  parts.use(
    metrics.observe(
      'nodejs_eventloop_utilization_ratio',
      { help: `Share of the last ${WINDOW_MS / 1_000} s in which the event loop was busy.` },
      (set) => {
        if (window) set(window.utilization);
      },
    ),
  );
  return parts;
}

function garbageCollection(metrics: Metrics): Disposable {
  const pauses = metrics.histogram('v8js_gc_duration_seconds', {
    help: 'Pauses for garbage collection.',
    labels: ['type'],
  });
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { kind } = (entry as PerformanceEntry & { detail: { kind: number } }).detail;
      pauses.with(GC_KINDS[kind] ?? 'other').record(entry.duration / 1_000);
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  return { [Symbol.dispose]: () => observer.disconnect() };
}

function resources(metrics: Metrics): Disposable[] {
  return [
    metrics.observe('v8js_memory_heap_used_bytes', { help: 'JavaScript heap in use.' }, (set) =>
      set(getHeapStatistics().used_heap_size),
    ),
    metrics.observe(
      'v8js_memory_heap_limit_bytes',
      { help: 'How large the JavaScript heap may grow before the process dies.' },
      (set) => set(getHeapStatistics().heap_size_limit),
    ),
    metrics.observe(
      'nodejs_external_memory_bytes',
      { help: 'Memory outside the JavaScript heap that its objects hold, such as buffers.' },
      (set) => set(getHeapStatistics().external_memory),
    ),
    metrics.observe(
      'process_resident_memory_bytes',
      { help: 'Memory of the process as the system counts it.' },
      (set) => set(process.memoryUsage.rss()),
    ),
    metrics.observe(
      'process_cpu_seconds_total',
      { help: 'CPU time the process has used.', labels: ['state'] },
      (set) => {
        const { user, system } = process.cpuUsage();
        set(user / MICROSECONDS, 'user');
        set(system / MICROSECONDS, 'system');
      },
    ),
    metrics.observe(
      'process_start_time_seconds',
      { help: 'When the process started, in seconds since the Unix epoch.' },
      (set) => set(performance.timeOrigin / 1_000),
    ),
    metrics.observe(
      'nodejs_active_resources',
      { help: 'What keeps the event loop alive: sockets, timers, requests under way.', labels: ['type'] },
      (set) => {
        const counts = new Map<string, number>();
        for (const type of process.getActiveResourcesInfo()) counts.set(type, (counts.get(type) ?? 0) + 1);
        for (const [type, count] of counts) set(count, type);
      },
    ),
  ];
}
