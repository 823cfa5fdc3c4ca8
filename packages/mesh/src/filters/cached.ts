/** Keeps answers of calls that only read, in this process. Within `ttl` an answer is served as it is; for `stale` more
 * it is served while one call fetches a new one behind it (stale-while-revalidate); and where fetching fails because
 * something is down, it is served for `staleIfError` (both RFC 5861). An answer that says no, such as NOT_FOUND, is
 * passed on and the kept one forgotten. Only one call at a time fetches an answer (core's single-flight.ts).
 *
 * Defaults: only calls of procedures with `get: true`; others that only read are named by `key: readKey('quote')`. Kept
 * apart by tenant and actor. `stale` is as long as `ttl`, `staleIfError` ten times that. 16 MiB and 10,000 answers, the
 * one used longest ago going first; an answer above an eighth of the bytes is not kept. A refresh behind has 5 s, and
 * after one that failed the next is made a second later. Failures are not kept. */
import {
  bytes,
  type Call,
  type CallFilter,
  Cancellation,
  context,
  type Duration,
  deadlines,
  type Filter,
  GoblinError,
  isGoblinError,
  type Metrics,
  milliseconds,
  SingleFlight,
  type Size,
  systemClock,
} from '@goblin/core';
import { AnswerStore, answerOf, type StoredAnswer } from './answer-store.ts';
import { type Caller, callerKey } from './caller-key.ts';
import { DEFAULT_NAME, type FilterOptions } from './filter-options.ts';
import { type KeyOf, readKey } from './read-key.ts';

const DEFAULT_MAX_BYTES = 16 * 1_048_576;
const DEFAULT_MAX_ENTRIES = 10_000;
const STALE_IF_ERROR_TTLS = 10;
const REFRESH_TIMEOUT_MS = 5_000;
const REFRESH_PAUSE_MS = 1_000;
const FIRST_SERVER_FAULT = 500;

export interface CachedOptions<Request> extends FilterOptions {
  /** How old an answer may be without anybody asking for a new one. */
  readonly ttl: Duration;
  /** For how long after that it is served while a new one is fetched. Default: `ttl`. */
  readonly stale?: Duration;
  /** For how long after `ttl` it is served where a new one cannot be had. Default: ten times `ttl`. */
  readonly staleIfError?: Duration;
  /** Default 16 MiB. */
  readonly maxBytes?: Size;
  /** Default 10,000. */
  readonly maxEntries?: number;
  /** Calls with the same key have the same answer; those without one pass. Default `readKey()`. */
  readonly key?: KeyOf<Request>;
  /** Who shares answers with whom. Default `caller`. */
  readonly per?: Caller;
}

/** For calls, or by a key of your own for requests of any kind, whose answers are plain data.
 * @example serve(tax, handlers, { filters: [cached({ ttl: '1m', per: 'all', key: readKey('quote') })] })
 * @throws INVALID_INPUT when a duration or a size is none. */
export function cached<Request, Response>(
  options: CachedOptions<Request> & { readonly key: KeyOf<Request> },
): Filter<Request, Response>;
export function cached(options: CachedOptions<Call>): CallFilter;
export function cached(options: CachedOptions<Call>): CallFilter {
  const { key: keyOf = readKey(), per = 'caller', clock = systemClock, ttl } = options;
  const ttlMs = milliseconds(ttl);
  const staleMs = milliseconds(options.stale ?? ttlMs);
  const staleIfErrorMs = milliseconds(options.staleIfError ?? ttlMs * STALE_IF_ERROR_TTLS);
  const meter = meterOf(options.name ?? DEFAULT_NAME, options.metrics);
  const { maxEntries = DEFAULT_MAX_ENTRIES } = options;
  const store = new AnswerStore(bytes(options.maxBytes ?? DEFAULT_MAX_BYTES), maxEntries, meter.changed);
  const flights = new SingleFlight();

  /** Fetches an answer and keeps it, together with whoever wants the same. */
  function fetch(key: string, call: Call, next: (call: Call) => Promise<unknown>): Promise<unknown> {
    return flights.join(key, async () => {
      const at = clock.now();
      try {
        const answer = await next(call);
        store.set(key, answer, at);
        return answer;
      } catch (error) {
        if (isOutage(error)) pause(key);
        else if (!isGoblinError(error, 'CANCELED')) store.delete(key);
        throw error;
      }
    });
  }

  function pause(key: string): void {
    const kept = store.get(key);
    if (kept) kept.retryAt = clock.now() + REFRESH_PAUSE_MS;
  }

  function refreshBehind(key: string, call: Call, next: (call: Call) => Promise<unknown>): void {
    const deadline = deadlines.clock.now() + REFRESH_TIMEOUT_MS;
    context
      .run({ cancellation: new Cancellation(), deadline }, () => fetch(key, call, next))
      .catch(() => meter.refreshFailed?.add());
  }

  return async (call, next) => {
    const its = keyOf(call);
    if (its === undefined) return next(call);
    const key = callerKey(per, its);
    const kept = store.get(key);
    const overMs = kept ? clock.now() - kept.at - ttlMs : Number.POSITIVE_INFINITY;
    if (kept && overMs < 0) return meter.serve('hit', kept);
    const isPaused = kept !== undefined && clock.now() < kept.retryAt;
    if (kept && (overMs < staleMs || (isPaused && overMs < staleIfErrorMs))) {
      if (!isPaused && !flights.has(key)) refreshBehind(key, call, next);
      return meter.serve('stale', kept);
    }
    try {
      const answer = await fetch(key, call, next);
      meter.missed?.add();
      return answer;
    } catch (error) {
      if (kept && overMs < staleIfErrorMs && isOutage(error)) return meter.serve('stale', kept);
      meter.missed?.add();
      throw error;
    }
  };
}

/** Whether something is down, rather than that the answer is no. */
function isOutage(error: unknown): boolean {
  if (!(error instanceof GoblinError)) return true;
  return error.status >= FIRST_SERVER_FAULT || error.code === 'RESOURCE_EXHAUSTED';
}

function meterOf(name: string, metrics: Metrics | undefined) {
  const calls = metrics?.counter('response_cache_calls_total', {
    help: 'Calls that a response cache looked at, by what it served: hit, stale or miss.',
    labels: ['filter', 'outcome'],
  });
  const served = { hit: calls?.with(name, 'hit'), stale: calls?.with(name, 'stale') };
  const kept = metrics
    ?.gauge('response_cache_bytes', {
      help: 'Bytes of the answers that a response cache keeps.',
      labels: ['filter'],
    })
    .with(name);
  const evicted = metrics
    ?.counter('response_cache_evictions_total', {
      help: 'Answers that a response cache gave up for others.',
      labels: ['filter'],
    })
    .with(name);
  return {
    missed: calls?.with(name, 'miss'),
    refreshFailed: metrics
      ?.counter('response_cache_refresh_failures_total', {
        help: 'Times a new answer could not be fetched behind one that was served stale.',
        labels: ['filter'],
      })
      .with(name),
    changed(bytes: number, gone: number): void {
      kept?.add(bytes);
      evicted?.add(gone);
    },
    serve(outcome: 'hit' | 'stale', answer: StoredAnswer): unknown {
      served[outcome]?.add();
      return answerOf(answer);
    },
  };
}
