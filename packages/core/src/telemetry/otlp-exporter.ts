/** Sends spans and metrics to an OpenTelemetry collector by OTLP/HTTP.
 *
 * Spans wait in a queue of at most MAX_QUEUED_SPANS and go out in batches, one request at a time, at the latest
 * BATCH_DELAY_MS after the first. A batch that the collector cannot take now is kept on disk where there is a spool
 * (otlp-spool.ts) and sent when it can; elsewhere, or when that is full, it is tried MAX_ATTEMPTS times, with
 * exponential backoff and jitter or after what Retry-After says. One that it refuses is dropped. What is dropped, for
 * whatever reason, is counted in `otlp_spans_dropped_total`. Metrics are sent each `metricsIntervalMs`; they are
 * cumulative, so a request that fails is made good by the next. A collector that fails is logged once until it
 * recovers. Stopping sends what is left, within a deadline. */
import { type Clock, pause, systemClock, type Timer } from '../clock.ts';
import { context } from '../context.ts';
import type { Logger } from '../log/log.ts';
import type { MetricsRegistry } from './metrics-registry.ts';
import { encodeMetrics, encodeSpans, type Resource } from './otlp-encoding.ts';
import { type OtlpOutcome, type OtlpTarget, postOtlp } from './otlp-request.ts';
import { openSpool } from './otlp-spool.ts';
import type { EndedSpan, SpanExporter } from './tracer.ts';

export const MAX_QUEUED_SPANS = 8_192;
const BATCH_SPANS = 256;
const BATCH_DELAY_MS = 1_000;
const MAX_ATTEMPTS = 5;
const FIRST_BACKOFF_MS = 1_000;
const TIMEOUT_MS = 10_000;
const METRICS_INTERVAL_MS = 60_000;
const STOP_TIMEOUT_MS = 3_000;
/** How often a collector that failed is asked to take what is on disk. */
const SPOOL_PERIOD_MS = 2_000;

export interface OtlpOptions {
  /** Where the collector is; `/v1/traces` and `/v1/metrics` are appended. */
  readonly endpoint: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly resource: Resource;
  /** What is sent as metrics, and where the exporter counts what it does. */
  readonly metrics: MetricsRegistry;
  readonly log: Logger;
  /** For one request. Default 10,000. */
  readonly timeoutMs?: number | undefined;
  /** Default 60,000. */
  readonly metricsIntervalMs?: number | undefined;
  /** Where spans are kept that cannot be sent now. Default: nowhere. */
  readonly spoolFolder?: string | undefined;
  readonly clock?: Clock | undefined;
}

export interface OtlpExporter extends SpanExporter, AsyncDisposable {
  /** Sends what is queued and the last metrics, then gives up what could not be sent within `timeoutMs`, 3 s by
   * default. Never rejects. */
  stop(timeoutMs?: number): Promise<void>;
}

export function otlpExporter(options: OtlpOptions): OtlpExporter {
  const { resource, metrics, log, clock = systemClock } = options;
  const base = options.endpoint.replace(/\/+$/, '');
  const { headers = {}, timeoutMs = TIMEOUT_MS, spoolFolder } = options;
  const spool = spoolFolder === undefined ? undefined : openSpool(spoolFolder);
  const traces: OtlpTarget = { url: `${base}/v1/traces`, headers, timeoutMs };
  const measurements: OtlpTarget = { url: `${base}/v1/metrics`, headers, timeoutMs };

  const exported = metrics
    .counter('otlp_spans_exported_total', { help: 'Spans that the collector took.' })
    .with();
  const dropped = metrics.counter('otlp_spans_dropped_total', {
    help: 'Spans that were given up: no room in the queue, refused by the collector, unreachable, or out of time.',
    labels: ['reason'],
  });
  const failures = metrics.counter('otlp_request_failures_total', {
    help: 'Requests to the collector that failed, those tried again among them.',
    labels: ['signal'],
  });
  const spooled = { help: 'Spans that wait on disk until the collector can take them.' };
  metrics.observe('otlp_spans_spooled', spooled, (set) => set(spool?.items ?? 0));
  const queueFull = dropped.with('queue_full');
  const stopped = dropped.with('stopped');

  const sinceWallMs = clock.wall();
  /** Aborted to end backoff when stopping, and then to end requests when the time is up. */
  const stopping = new AbortController();
  const timeUp = new AbortController();
  let queue: EndedSpan[] = [];
  let batchTimer: Timer | undefined;
  let sending: Promise<void> | undefined;
  const failing = new Set<'traces' | 'metrics'>();

  function report(outcome: OtlpOutcome, signal: 'traces' | 'metrics'): void {
    if (outcome.kind === 'taken') {
      if (failing.delete(signal)) log.info(`${signal} are exported again`);
      return;
    }
    failures.with(signal).add();
    if (!failing.has(signal)) log.warn({ reason: outcome.reason }, `${signal} cannot be exported`);
    failing.add(signal);
  }

  async function deliver(spans: readonly EndedSpan[]): Promise<void> {
    const body = encodeSpans(resource, spans);
    let backoffMs = FIRST_BACKOFF_MS;
    for (let attempt = 1; ; attempt++) {
      const outcome = await postOtlp(traces, body, timeUp.signal);
      report(outcome, 'traces');
      if (outcome.kind === 'taken') {
        exported.add(spans.length - outcome.refused);
        return dropped.with('refused').add(outcome.refused);
      }
      if (outcome.kind === 'refused') return dropped.with('refused').add(spans.length);
      if (spool?.put(body, spans.length)) return;
      if (stopping.signal.aborted) return stopped.add(spans.length);
      if (attempt === MAX_ATTEMPTS) return dropped.with('unreachable').add(spans.length);
      await pause(clock, outcome.waitMs ?? backoffMs * (0.5 + Math.random() / 2), stopping.signal);
      backoffMs *= 2;
    }
  }

  /** Sends what is on disk, the oldest first, until the collector cannot take more. */
  async function emptySpool(): Promise<void> {
    for (let batch = spool?.oldest(); batch && !timeUp.signal.aborted; batch = spool!.oldest()) {
      const outcome = await postOtlp(traces, batch.body, timeUp.signal);
      report(outcome, 'traces');
      if (outcome.kind === 'later') return;
      const refused = outcome.kind === 'refused' ? batch.items : outcome.refused;
      exported.add(batch.items - refused);
      dropped.with('refused').add(refused);
      batch.remove();
    }
  }

  async function drain(): Promise<void> {
    await emptySpool();
    while (queue.length > 0 && !timeUp.signal.aborted) {
      const batch = queue.slice(0, BATCH_SPANS);
      queue = queue.slice(BATCH_SPANS);
      // What is on disk could not be sent just now, so neither can this.
      if (!(spool && spool.items > 0 && spool.put(encodeSpans(resource, batch), batch.length)))
        await deliver(batch);
    }
  }

  /** Sends in the background and outside any call: it has nothing to do with whoever ended the span. */
  function send(): Promise<void> {
    batchTimer?.cancel();
    batchTimer = undefined;
    sending ??= context.detach(drain).finally(() => {
      sending = undefined;
      if (queue.length > 0 && !stopping.signal.aborted) schedule();
    });
    return sending;
  }

  function schedule(): void {
    if (sending || (batchTimer && queue.length !== BATCH_SPANS)) return;
    batchTimer?.cancel();
    const delayMs = queue.length < BATCH_SPANS ? BATCH_DELAY_MS : 0;
    batchTimer = context.detach(() => clock.after(delayMs, () => void send()));
  }

  function add(span: EndedSpan): void {
    if (stopping.signal.aborted) stopped.add();
    else if (queue.length >= MAX_QUEUED_SPANS) queueFull.add();
    else {
      queue.push(span);
      schedule();
    }
  }

  async function sendMetrics(): Promise<void> {
    const body = encodeMetrics(resource, metrics.collect(), sinceWallMs, clock.wall());
    report(await postOtlp(measurements, body, timeUp.signal), 'metrics');
  }
  const metricsTimer = context.detach(() =>
    clock.every(options.metricsIntervalMs ?? METRICS_INTERVAL_MS, () => void sendMetrics()),
  );

  const spoolTimer =
    spool && context.detach(() => clock.every(SPOOL_PERIOD_MS, () => void (spool.items > 0 && send())));

  async function stop(withinMs = STOP_TIMEOUT_MS): Promise<void> {
    if (stopping.signal.aborted) return sending;
    metricsTimer.cancel();
    spoolTimer?.cancel();
    stopping.abort();
    const limit = setTimeout(() => timeUp.abort(), withinMs);
    await Promise.all([send(), context.detach(sendMetrics)]);
    clearTimeout(limit);
    if (queue.length > 0 && !spool?.put(encodeSpans(resource, queue), queue.length))
      stopped.add(queue.length);
    queue = [];
    spool?.close();
  }

  return { add, stop, [Symbol.asyncDispose]: () => stop() };
}
