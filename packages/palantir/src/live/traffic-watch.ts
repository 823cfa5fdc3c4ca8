/** Traffic as it was seen last. It is asked for anew only when somebody wants it newer than it is; who asks meanwhile waits for the same
 * answer. Its history is asked for each minute at most. When a question fails the last answer stays. */
import { type Clock, context, type Logger } from '@goblin/core';
import type { SeriesSource } from '../query/promql/source.ts';
import { type Traffic, trafficHistory, trafficNow } from './traffic.ts';

const HISTORY_MS = 60_000;

export interface SeenTraffic extends Traffic {
  /** Requests per second of each of the last 30 minutes, by service. */
  readonly history: ReadonlyMap<string, readonly number[]>;
}

export interface TrafficWatch {
  readonly seen: SeenTraffic;
  /** Resolves when it is no older than so, or could not be renewed. Never rejects. */
  renew(maxAgeMs: number): Promise<void>;
  /** Ends what is being asked for. */
  end(): void;
}

export function trafficWatch(
  source: SeriesSource,
  { clock, log }: { clock: Clock; log: Logger },
): TrafficWatch {
  const ended = new AbortController();
  let seen: SeenTraffic = { services: new Map(), flows: [], stalls: [], history: new Map() };
  let seenAt = Number.NEGATIVE_INFINITY;
  let historyAt = Number.NEGATIVE_INFINITY;
  let renewing: Promise<void> | undefined;
  let isFailing = false;

  async function look(): Promise<void> {
    const [now, wallMs] = [clock.now(), clock.wall()];
    seenAt = now;
    try {
      seen = { ...seen, ...(await trafficNow(source, wallMs, ended.signal)) };
      if (now - historyAt >= HISTORY_MS) {
        historyAt = now;
        seen = { ...seen, history: await trafficHistory(source, wallMs, ended.signal) };
      }
      isFailing = false;
    } catch (err) {
      if (!ended.signal.aborted && !isFailing)
        log.warn({ err }, 'the wall shows old numbers: asking for new ones failed');
      isFailing = true;
    }
  }

  return {
    get seen() {
      return seen;
    },
    async renew(maxAgeMs) {
      if (!renewing && clock.now() - seenAt < maxAgeMs) return;
      // It is of all who wait for it: the deadline of who happens to ask first is not its own.
      renewing ??= context.detach(look).finally(() => {
        renewing = undefined;
      });
      await renewing;
    },
    end: () => ended.abort(),
  };
}
