/** Reads the metrics of targets as Prometheus does: OpenMetrics where they have it, else the text format, with `up` and
 * `scrape_duration_seconds` for each target. When a target fails or goes away its series are marked as ended, so that nothing goes on
 * showing its last values.
 *
 * Each target has its own moment within the period, made from its address, so that they are not all asked at once, and the same
 * after a restart. Bounded: targets, scrapes at a time, time and bytes of each. A target that is slower than the period is
 * asked again when it has answered. A series that is not in a target's answer any more while the target lives is not
 * marked; queries forget it after five minutes. */
import { createHash } from 'node:crypto';
import { type Clock, GoblinError, pause } from '@goblin/core';
import type { Format } from '../../decode/decoders.ts';
import { MAX_REQUEST_BYTES } from '../../decode/limits.ts';
import type { Labels, Matcher } from '../../model.ts';
import type { TelemetryStore } from '../../store/store.ts';
import { boundedBody } from '../bounded-body.ts';
import type { Collector, CollectorTools } from '../collector.ts';
import { collectorMeter } from '../collector-meter.ts';
import { staleMarks } from '../ended-series.ts';
import { countRefused, keeper } from '../keep.ts';
import { deadlineSignal } from '../periods.ts';
import { sampleList } from '../sample-list.ts';
import { seriesKey } from '../series-key.ts';

const NAME = 'scrape';
const MAX_TARGETS = 2_000;
const PARALLEL = 16;
/** How soon new targets are seen. */
const LOOK_MS = 250;
/** As Prometheus asks. */
const ACCEPT = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
/** Series of so long ago may be those of a target that ends now. */
const REACH_MS = 3_600_000;
/** What is told of a target that does not answer. */
const ABOUT_TARGETS = ['up', 'scrape_duration_seconds'];

export interface ScrapeTarget {
  readonly url: string;
  /** What its series get, and what tells it from other targets: `service` and `instance`, say. */
  readonly labels: Labels;
}

export interface ScrapeOptions {
  /** Of the collector, in its metrics. Default `scrape`. */
  readonly name?: string;
  /** Who is there now; asked again and again. */
  readonly targets: () => readonly ScrapeTarget[];
  /** Default 5,000. */
  readonly periodMs?: number;
  /** Default 4,000. */
  readonly timeoutMs?: number;
  /** Of one answer, unpacked. Default 16 MB, which is the most that can be decoded. */
  readonly maxBytes?: number;
  readonly fetch?: typeof fetch;
}

export type ScrapeTools = CollectorTools & { readonly store: Pick<TelemetryStore, 'series'> };

interface Watched {
  readonly target: ScrapeTarget;
  dueMs: number;
  isRunning: boolean;
  /** It has series that have not ended. */
  hasSeries: boolean;
}

export function scrape(tools: ScrapeTools, options: ScrapeOptions): Collector {
  const { name = NAME, targets, periodMs = 5_000, timeoutMs = 4_000, maxBytes = MAX_REQUEST_BYTES } = options;
  const ask = options.fetch ?? fetch;
  const { clock, store } = tools;
  const meter = collectorMeter(name, tools.metrics, tools.log);
  const keep = keeper(tools, meter);
  const watched = new Map<string, Watched>();

  async function read(one: Watched, signal: AbortSignal): Promise<void> {
    const { url, labels } = one.target;
    const beganMs = clock.now();
    try {
      const { bytes, format } = await fetchMetrics(ask, clock, one.target, { timeoutMs, maxBytes, signal });
      countRefused(await store.ingest(format, bytes, labels), meter);
      one.hasSeries = true;
      meter.succeeded(url);
    } catch (error) {
      if (signal.aborted) return;
      meter.failed(url, error);
      // Of the store: the target is not to blame.
      if (!(error instanceof ScrapeFault)) return;
      await end(one, signal);
      return report(one.target, 0, beganMs);
    }
    await report(one.target, 1, beganMs);
  }

  function report({ labels }: ScrapeTarget, up: 0 | 1, beganMs: number): Promise<void> {
    const list = sampleList(clock.wall(), labels);
    list.add('up', up);
    list.add('scrape_duration_seconds', (clock.now() - beganMs) / 1_000);
    return keep.atOnce({ samples: list.samples });
  }

  /** Marks what is known of the target as ended, once. @param andTarget what is told about it too */
  async function end(one: Watched, signal: AbortSignal, andTarget = false): Promise<void> {
    if (!one.hasSeries && !andTarget) return;
    one.hasSeries = false;
    const matchers: Matcher[] = Object.entries(one.target.labels).map(([label, value]) => ({
      label,
      op: '=',
      value,
    }));
    if (!andTarget) for (const value of ABOUT_TARGETS) matchers.push({ label: '__name__', op: '!=', value });
    try {
      const atMs = clock.wall();
      const series = await store.series(matchers, atMs - REACH_MS, atMs, signal);
      await keep.atOnce({ samples: staleMarks(series, atMs) });
    } catch (error) {
      if (!signal.aborted) meter.failed('the store', error);
    }
  }

  async function refresh(signal: AbortSignal): Promise<void> {
    const now = new Map(
      targets()
        .slice(0, MAX_TARGETS)
        .map((target) => [seriesKey({ ...target.labels, ' url': target.url }), target]),
    );
    const gone = [...watched].filter(([key, { isRunning }]) => !now.has(key) && !isRunning);
    for (const [key] of gone) watched.delete(key);
    for (const [key, target] of now) {
      if (watched.has(key)) continue;
      const dueMs = clock.now() + momentOf(target.url, periodMs);
      watched.set(key, { target, dueMs, isRunning: false, hasSeries: false });
    }
    const left = [...watched.values()].map(({ target }) => seriesKey(target.labels));
    for (const [, one] of gone)
      if (!left.includes(seriesKey(one.target.labels))) await end(one, signal, true);
  }

  return {
    name,
    async run(signal) {
      const reads = new Set<Promise<void>>();
      while (!signal.aborted) {
        await refresh(signal);
        const due = [...watched.values()].filter(
          ({ dueMs, isRunning }) => !isRunning && dueMs <= clock.now(),
        );
        due.sort((a, b) => a.dueMs - b.dueMs);
        meter.lag(due.length > 0 ? clock.now() - due[0]!.dueMs : 0);
        for (const one of due.slice(0, PARALLEL - reads.size)) {
          one.isRunning = true;
          const reading = read(one, signal).finally(() => {
            one.isRunning = false;
            one.dueMs += periodMs * Math.max(1, Math.ceil((clock.now() - one.dueMs) / periodMs));
            reads.delete(reading);
          });
          reads.add(reading);
        }
        const dues = [...watched.values()].map(({ dueMs }) => dueMs - clock.now());
        const nextMs = reads.size < PARALLEL ? Math.max(1, Math.min(LOOK_MS, ...dues)) : LOOK_MS;
        await Promise.race([pause(clock, nextMs, signal), ...(reads.size < PARALLEL ? [] : reads)]);
      }
      await Promise.all(reads);
    },
  };
}

/** It is the target that failed. */
class ScrapeFault extends GoblinError {}

async function fetchMetrics(
  ask: typeof fetch,
  clock: Clock,
  { url, labels: _ }: ScrapeTarget,
  { timeoutMs, maxBytes, signal }: { timeoutMs: number; maxBytes: number; signal: AbortSignal },
): Promise<{ bytes: Uint8Array; format: Format }> {
  using deadline = deadlineSignal(clock, timeoutMs, signal);
  try {
    const response = await ask(url, {
      headers: { accept: ACCEPT },
      signal: deadline.signal,
      redirect: 'error',
    });
    const bytes = await boundedBody(response, maxBytes);
    if (response.status !== 200) throw new Error(`it answers with the status ${response.status}`);
    const isOpen = response.headers.get('content-type')?.startsWith('application/openmetrics-text');
    return { bytes, format: isOpen ? 'openmetrics' : 'prometheus-text' };
  } catch (cause) {
    const { message } = (deadline.signal.aborted ? deadline.signal.reason : cause) as Error;
    throw new ScrapeFault('UNAVAILABLE', {
      message: `the metrics of ${url} cannot be read: ${message}`,
      cause,
    });
  }
}

/** The same for an address each time, and different for different ones. */
function momentOf(url: string, periodMs: number): number {
  return createHash('sha256').update(url).digest().readUInt32BE() % periodMs;
}
