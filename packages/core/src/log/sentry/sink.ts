/** Sends errors to Sentry, or to what speaks its envelope protocol (GlitchTip, Bugsink).
 *
 * Reports wait in a queue of MAX_QUEUED and are sent one after the other, because the protocol takes one event
 * per envelope. A failed send is tried again with growing pauses, MAX_ATTEMPTS times; while Sentry asks for a
 * pause (429 or X-Sentry-Rate-Limits) nothing is sent and reports are dropped. What is dropped is counted by
 * reason and told to Sentry with the next event, as a client report. Reporting never throws and never waits,
 * and what goes wrong here is never logged as an error, which would be reported again. */
import { type Clock, systemClock } from '../../clock.ts';
import type { Secret } from '../../config/secret.ts';
import { context } from '../../context.ts';
import type { ErrorReport } from '../logger.ts';
import { type DropReason, type SendResult, sendEnvelope, sentryTarget } from './envelope.ts';
import { type SentryEvent, type SentryEventOptions, sentryEvent } from './event.ts';

const MAX_QUEUED = 100;
const MAX_ATTEMPTS = 5;
const FIRST_PAUSE_MS = 1_000;
const SEND_TIMEOUT_MS = 5_000;
const STOP_TIMEOUT_MS = 2_000;

export interface SentrySinkOptions extends SentryEventOptions {
  /** `https://<key>@<host>/<project>`, as the project's settings page shows it. */
  readonly dsn: Secret;
  readonly clock?: Clock;
}

export interface SentrySink extends AsyncDisposable {
  /** For `createLogger({ onError })`. */
  readonly report: (report: ErrorReport) => void;
  readonly sent: number;
  /** How many reports were given up, by reason. */
  readonly dropped: Readonly<Record<DropReason, number>>;
  /** Sends what is queued, without further pauses, and gives up after `timeoutMs` (default 2 s). Later reports are ignored. */
  stop(timeoutMs?: number): Promise<void>;
}

/** @example const sink = sentrySink({ dsn, release }); const log = createLogger({ service, onError: sink.report });
 * @throws CONFIG_INVALID when the DSN is none. */
export function sentrySink(options: SentrySinkOptions): SentrySink {
  const { clock = systemClock } = options;
  const target = sentryTarget(options.dsn);
  const queue: SentryEvent[] = [];
  const dropped = noDrops();
  let untold = noDrops();
  let sent = 0;
  let resumeAt = 0;
  let stopped = false;
  let gaveUp = false;
  let sending: Promise<void> | undefined;
  let endPause = (): void => {};
  let abortSend = (): void => {};

  function report(error: ErrorReport): void {
    if (stopped) return;
    if (clock.now() < resumeAt) drop('ratelimit_backoff');
    else if (queue.length >= MAX_QUEUED) drop('queue_overflow');
    else enqueue(error);
  }

  function enqueue(error: ErrorReport): void {
    try {
      queue.push(sentryEvent(error, options, clock.wall()));
      // Sending belongs to no call, least of all to the one that happened to fail first.
      sending ??= context.detach(sendAll);
    } catch {
      // An error may carry what cannot be read; the log has it in any case.
      drop('internal_sdk_error');
    }
  }

  function drop(reason: DropReason, count = 1): void {
    dropped[reason] += count;
    untold[reason] += count;
  }

  async function sendAll(): Promise<void> {
    while (queue.length > 0) {
      // It leaves the queue when it is settled, so that the bound counts it too.
      const outcome = await sendWithRetries(queue[0]!);
      queue.shift();
      if (outcome === 'sent') sent++;
      else if (outcome === 'limited') dropped.ratelimit_backoff++;
      else drop(outcome === 'failed' ? 'network_error' : 'send_error');
      if (clock.now() < resumeAt) drop('ratelimit_backoff', queue.splice(0).length);
    }
    sending = undefined;
  }

  async function sendWithRetries(event: SentryEvent): Promise<SendResult['outcome']> {
    for (let attempt = 1; ; attempt++) {
      const isLast = stopped || attempt === MAX_ATTEMPTS;
      const telling = untold;
      untold = noDrops();
      const { outcome, pauseMs } = await send(event, telling);
      if (pauseMs > 0) resumeAt = clock.now() + pauseMs;
      if (outcome !== 'sent')
        for (const reason of Object.keys(telling) as DropReason[]) untold[reason] += telling[reason];
      if (outcome !== 'failed' || isLast || gaveUp) return outcome;
      await pause(FIRST_PAUSE_MS * 2 ** (attempt - 1));
    }
  }

  async function send(event: SentryEvent, telling: Record<DropReason, number>): Promise<SendResult> {
    const controller = new AbortController();
    abortSend = () => controller.abort();
    const timer = clock.after(SEND_TIMEOUT_MS, abortSend);
    try {
      return await sendEnvelope(target, event, telling, clock.wall(), controller.signal);
    } finally {
      timer.cancel();
    }
  }

  async function pause(ms: number): Promise<void> {
    if (stopped) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    endPause = resolve;
    const timer = clock.after(ms, resolve);
    await promise;
    timer.cancel();
  }

  async function stop(timeoutMs = STOP_TIMEOUT_MS): Promise<void> {
    stopped = true;
    endPause();
    const timer = clock.after(timeoutMs, () => {
      gaveUp = true;
      drop('network_error', queue.splice(1).length);
      abortSend();
    });
    await sending;
    timer.cancel();
  }

  return {
    report,
    get sent() {
      return sent;
    },
    dropped,
    stop,
    [Symbol.asyncDispose]: () => stop(),
  };
}

function noDrops(): Record<DropReason, number> {
  return { queue_overflow: 0, ratelimit_backoff: 0, network_error: 0, send_error: 0, internal_sdk_error: 0 };
}
