/** Ends work when its time is up. One sweep each SWEEP_MS looks at all open deadlines, because a timer per
 * call costs more than the call's other bookkeeping together. So a deadline fires up to SWEEP_MS late. */
import { type CancelListener, Cancellation, untilCancelled } from './cancellation.ts';
import { type Clock, systemClock, type Timer } from './clock.ts';
import { type ContextValues, context } from './context.ts';
import { GoblinError } from './errors.ts';

const SWEEP_MS = 10;
/** The index of what is not watched. */
const NOWHERE = -1;

/** Something that ends by itself when its time has come. */
export interface Expiring {
  /** When, on the sweeper's clock. */
  readonly at: number;
  /** The sweeper's own; -1 to begin with. */
  index: number;
  expire(): void;
}

export interface DeadlineSweeper {
  readonly clock: Clock;
  /** Calls `expire` once the clock has passed `at`. Returns what stops the watch. */
  watch(at: number, expire: () => void): () => void;
  /** The same without a function for each: to be taken out again where it ends before. */
  add(expiring: Expiring): void;
  /** Does nothing where it is not watched, or not any more. */
  remove(expiring: Expiring): void;
  /** How many deadlines are open; for leak checks. */
  readonly size: number;
}

export function deadlineSweeper(clock: Clock): DeadlineSweeper {
  const open: Expiring[] = [];
  let timer: Timer | undefined;

  function add(expiring: Expiring): void {
    expiring.index = open.length;
    open.push(expiring);
    timer ??= clock.every(SWEEP_MS, sweep);
  }

  function remove(expiring: Expiring): void {
    if (expiring.index === NOWHERE) return;
    const last = open.pop()!;
    if (last !== expiring) {
      open[expiring.index] = last;
      last.index = expiring.index;
    }
    expiring.index = NOWHERE;
  }

  function sweep(): void {
    const now = clock.now();
    for (let i = open.length - 1; i >= 0; i--) {
      const expiring = open[i];
      if (expiring && expiring.at <= now) {
        remove(expiring);
        expiring.expire();
      }
    }
    if (open.length === 0) {
      timer?.cancel();
      timer = undefined;
    }
  }

  return {
    clock,
    watch(at, expire) {
      const expiring: Expiring = { at, expire, index: NOWHERE };
      add(expiring);
      return () => remove(expiring);
    },
    add,
    remove,
    get size() {
      return open.length;
    },
  };
}

/** The sweeper of this process. */
export const deadlines: DeadlineSweeper = deadlineSweeper(systemClock);

/** A stretch of work that can be cancelled on its own: a child of the given context whose cancellation
 * follows the parent's and fires when its deadline (monotonic ms) passes. Close it when the work has ended. */
export interface Scope {
  readonly values: ContextValues;
  close(): void;
}

/** The scope ends by the parent's deadline where that is sooner.
 * @param signal ends the work too when it is aborted.
 * @throws CANCELED or DEADLINE_EXCEEDED when there is nothing left to begin for. */
export function openScope(
  parent: ContextValues,
  wantedDeadline: number,
  signal?: AbortSignal,
  sweeper: DeadlineSweeper = deadlines,
): Scope {
  const deadline = Math.min(parent.deadline, wantedDeadline);
  const now = sweeper.clock.now();
  mustBegin(parent, deadline, now);
  if (signal?.aborted) throw cancelledError(signal.reason);
  const cancellation = new Cancellation();
  const leash = new Leash(parent.cancellation, cancellation, deadline, now, sweeper);
  const onAbort = signal && ((): void => leash.cancelled(signal.reason));
  if (onAbort) signal.addEventListener('abort', onAbort, { once: true });
  return {
    values: { ...parent, deadline, cancellation },
    close: () => {
      leash.release();
      if (onAbort) signal.removeEventListener('abort', onAbort);
    },
  };
}

/** @throws CANCELED or DEADLINE_EXCEEDED when there is nothing left to begin for. */
export function mustBegin({ cancellation }: ContextValues, deadline: number, now: number): void {
  if (cancellation.cancelled) throw cancelledError(cancellation.reason);
  if (deadline <= now)
    throw new GoblinError('DEADLINE_EXCEEDED', { message: 'the deadline had passed before the work began' });
}

/** Cancels work when its parent is cancelled or its deadline passes, until it is released. */
class Leash implements Expiring, CancelListener {
  readonly at: number;
  index: number = NOWHERE;
  readonly #parent: Cancellation;
  readonly #work: Cancellation;
  readonly #since: number;
  readonly #sweeper: DeadlineSweeper;

  constructor(
    parent: Cancellation,
    work: Cancellation,
    deadline: number,
    now: number,
    sweeper: DeadlineSweeper,
  ) {
    this.at = deadline;
    this.#parent = parent;
    this.#work = work;
    this.#since = now;
    this.#sweeper = sweeper;
    parent.listen(this);
    if (deadline !== Number.POSITIVE_INFINITY) sweeper.add(this);
  }

  release(): void {
    this.#parent.unlisten(this);
    this.#sweeper.remove(this);
  }

  cancelled(reason: unknown): void {
    this.#work.cancel(cancelledError(reason));
  }

  expire(): void {
    const message = `no answer within ${Math.round(this.at - this.#since)} ms`;
    this.#work.cancel(new GoblinError('DEADLINE_EXCEEDED', { message }));
  }
}

/** Runs `work` in a scope of its own and settles when the work does, when the context is cancelled or when the
 * deadline passes, whichever is first. In the last two cases the work sees its signal aborted, so that it
 * ends and does not merely go unheard. Rejects with CANCELED, DEADLINE_EXCEEDED or the work's own error. */
export async function settleBy<T>(
  parent: ContextValues,
  deadline: number,
  work: () => Promise<T>,
  signal?: AbortSignal,
  sweeper: DeadlineSweeper = deadlines,
): Promise<T> {
  const scope = openScope(parent, deadline, signal, sweeper);
  try {
    return await untilCancelled(scope.values.cancellation, context.enter(scope.values, work));
  } catch (error) {
    // What is still under way below failed work has nobody to be for.
    scope.values.cancellation.cancel(cancelledError(error));
    throw error;
  } finally {
    scope.close();
  }
}

/** The same for work that has begun already, `now`, under values of its own: until `parent` is cancelled, the
 * deadline passes or the promise settles. */
export async function settleBegun<T>(
  parent: Cancellation,
  { cancellation, deadline }: ContextValues,
  now: number,
  promise: Promise<T>,
): Promise<T> {
  const leash = new Leash(parent, cancellation, deadline, now, deadlines);
  try {
    return await untilCancelled(cancellation, promise);
  } finally {
    leash.release();
  }
}

/** The error a cancelled call settles with; a coded reason is passed on as it is, and the reason of
 * `AbortSignal.timeout` is a deadline too. */
export function cancelledError(reason: unknown): GoblinError {
  if (reason instanceof GoblinError) return reason;
  const timedOut = reason instanceof DOMException && reason.name === 'TimeoutError';
  return new GoblinError(timedOut ? 'DEADLINE_EXCEEDED' : 'CANCELED', { cause: reason });
}

/** The promise's outcome, or DEADLINE_EXCEEDED with `message` after `timeoutMs`. For waits outside any call,
 * on work that has no signal to be told by. Keeps the process alive while it waits. */
export function untilDeadline<T>(promise: Promise<T>, timeoutMs: number, message: () => string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new GoblinError('DEADLINE_EXCEEDED', { message: message() })),
      timeoutMs,
    );
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
