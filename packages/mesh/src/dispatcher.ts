/** Gets one piece of work done by some peer: waits for a peer where none is ready, picks one, tries, and tries
 * another where that is safe. It is the same for procedure calls and for HTTP requests that the edge passes on.
 *
 * Safe means: the work surely never began, or it is idempotent and failed with a retryable code. Retries are bounded
 * per work (MAX_ATTEMPTS), over all work for a target (retry-budget.ts) and by the context's deadline. A peer whose
 * connection failed is avoided at once by all (balancer.ts) and reported to the directory. What cannot be tried
 * again fails with the last attempt's error. Every dispatch settles: by its answer, an error, the context's
 * cancellation or its deadline. */
import {
  type CallContext,
  type Clock,
  type ContextValues,
  context,
  deadlineSweeper,
  type Metrics,
} from '@goblin/core';
import type { Balancer } from './balance/balancer.ts';
import { Dispatch, type DispatchParts } from './balance/dispatch.ts';
import { targetRecords } from './balance/target-record.ts';
import type { CallsView } from './balance/target-view.ts';
import { waitingRoom } from './balance/waiting-room.ts';
import type { Directory } from './discovery/directory.ts';
import type { Peer } from './peer.ts';

export interface Target {
  /** For error messages: `tax.v1`, `payments`. */
  readonly name: string;
  /** The ready peers, read anew before each attempt. */
  candidates(): readonly Peer[];
}

export interface DispatchOptions<T = unknown> {
  /** May be tried again although an attempt may have been carried out. */
  readonly idempotent: boolean;
  /** What is asked for, such as `/tax.v1/quote`: how long it takes is learned for each. By default all work of the target
   * counts as of one kind. */
  readonly procedure?: string | undefined;
  /** For answers that go on after they began, such as streams: settles when this one has ended. Until then it counts
   * as in flight. */
  readonly finished?: ((answer: T) => Promise<void>) | undefined;
}

/** Is told what comes of something, once. */
export interface Outcome<T> {
  /** @param at when it came (monotonic ms), from who has just read the clock. */
  succeeded(value: T, at?: number): void;
  failed(error: unknown): void;
}

/** A piece of work, as it is begun without promises and without entering a context for each attempt. */
export interface Work<T> extends DispatchOptions<T>, Outcome<T> {
  /** What it runs under; made for it alone, so that the first attempt gets this very object. */
  readonly context: CallContext;
  /** When it began, on the clock of `deadlines`, for who would read that again. */
  readonly at: number | undefined;
  /** Makes one attempt with a peer under the given context, whose cancellation ends this attempt alone. */
  attempt(peer: Peer, values: CallContext, outcome: Outcome<T>): void;
}

export interface Dispatcher {
  /** Runs `attempt` with a peer, and again with others while it fails retryably, the work is idempotent or
   * provably not started, the retry budget allows and the context's deadline has not passed. While no peer is
   * ready it waits for one until the deadline (an instance may be restarting); for 2 s where none was ever seen.
   * @throws what the last attempt failed with, with `{ peer, attempts, timeLeftMs }` in `data` where it is the way
   * that failed and not the service that declined; NO_PEER naming who is known; CANCELED; DEADLINE_EXCEEDED */
  dispatch<T>(
    target: Target,
    options: DispatchOptions<NoInfer<T>>,
    attempt: (peer: Peer) => Promise<T>,
  ): Promise<T>;
  /** The same for who wants to be told the outcome rather than to be given a promise of it. */
  begin<T>(target: Target, work: Work<T>): void;
  /** What was done for a target; undefined when nothing was. */
  calls(target: string): CallsView | undefined;
  /** How much work waits for a peer now. */
  readonly waiting: number;
}

export interface DispatcherOptions {
  readonly directory: Directory;
  readonly balancer: Balancer;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** From 0 up to 1. Default Math.random. */
  readonly random?: () => number;
}

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { directory, balancer, clock, metrics } = options;
  const sweeper = deadlineSweeper(clock);
  const room = waitingRoom(clock, sweeper);
  const records = targetRecords(clock, metrics);
  const parts: DispatchParts = {
    directory,
    balancer,
    room,
    clock,
    sweeper,
    random: options.random ?? Math.random,
  };
  directory.subscribe(({ kind, peer }) => {
    if (kind === 'left') balancer.forget(peer.instance);
    else room.look();
  });
  function begin<T>(target: Target, work: Work<T>): void {
    new Dispatch(parts, records.of(target.name), target, work).run();
  }
  return {
    begin,
    calls: (target) => records.known(target)?.view(),
    dispatch: (target, options, attempt) =>
      new Promise((resolve, reject) =>
        begin(target, {
          ...options,
          context: { ...context.current },
          at: undefined,
          succeeded: resolve,
          failed: reject,
          attempt: (peer, values, outcome) => tellOutcome(values, () => attempt(peer), outcome),
        }),
      ),
    get waiting() {
      return room.size;
    },
  };
}

/** Tells the outcome of work that makes a promise and reads the current context. */
export function tellOutcome<T>(values: ContextValues, work: () => Promise<T>, outcome: Outcome<T>): void {
  let answer: Promise<T>;
  try {
    answer = context.enter(values, work);
  } catch (error) {
    answer = Promise.reject(error);
  }
  answer.then(
    (value) => outcome.succeeded(value),
    (error) => outcome.failed(error),
  );
}
