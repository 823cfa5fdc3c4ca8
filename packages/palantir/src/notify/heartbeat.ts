/** A dead man's switch: a request outward each minute while alerts are judged. An outside service that hears nothing any more tells
 * somebody, so that nobody takes the silence of a dead Palantir for good news. */
import { type Clock, context, GoblinError, type Logger, type Metrics, milliseconds } from '@goblin/core';
import { createBell } from './bell.ts';
import { type Fetch, post } from './http-post.ts';
import { secretFile } from './secret-file.ts';
import type { HeartbeatSettings } from './settings.ts';

const DEFAULT_EVERY_MS = 60_000;
const ATTEMPT_MS = 10_000;

export interface HeartbeatOptions {
  /** Whether alerts are judged; while they are not there is no beat. */
  readonly isAlive: () => boolean;
  readonly clock: Clock;
  readonly fetch: Fetch;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly settings?: HeartbeatSettings;
}

export interface Heartbeat {
  /** When it was heard last. */
  readonly lastMs: number | undefined;
  /** @param settings undefined for none */
  configure(settings: HeartbeatSettings | undefined): void;
  /** Beats until it is aborted. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

interface Beat {
  readonly everyMs: number;
  readonly url: () => Promise<string>;
}

export function heartbeat(options: HeartbeatOptions): Heartbeat {
  const { isAlive, clock, fetch, log, metrics, settings } = options;
  const failures = metrics
    .counter('heartbeat_failures_total', { help: 'Heartbeats that were not heard outside, or not sent.' })
    .with();
  const pause = createBell(clock);
  let beat = settings && beatOf(settings);
  let lastMs: number | undefined;
  let wasFailing = false;

  async function send({ url }: Beat, signal: AbortSignal): Promise<void> {
    const deadline = new AbortController();
    const timer = clock.after(ATTEMPT_MS, () => deadline.abort(new GoblinError('DEADLINE_EXCEEDED')));
    try {
      if (!isAlive()) throw new GoblinError('UNAVAILABLE', { message: 'alerts are not judged any more' });
      const both = AbortSignal.any([signal, deadline.signal]);
      await post(fetch, await url(), { body: '{}', signal: both }, clock.wall());
      lastMs = clock.wall();
      if (wasFailing) log.info('the heartbeat is heard again');
      wasFailing = false;
    } catch (err) {
      if (signal.aborted) return;
      failures.add();
      if (!wasFailing) log.error({ err }, 'the heartbeat is not heard outside');
      wasFailing = true;
    } finally {
      timer.cancel();
    }
  }

  return {
    get lastMs() {
      return lastMs;
    },
    configure(changed) {
      beat = changed && beatOf(changed);
      pause.ring();
    },
    run: (signal) =>
      context.detach(async () => {
        while (!signal.aborted) {
          if (beat) await send(beat, signal);
          await pause.wait(beat?.everyMs, signal);
        }
      }),
  };
}

function beatOf({ url, urlFile, every }: HeartbeatSettings): Beat {
  return {
    everyMs: every === undefined ? DEFAULT_EVERY_MS : milliseconds(every),
    url: urlFile === undefined ? async () => url! : secretFile(urlFile),
  };
}
