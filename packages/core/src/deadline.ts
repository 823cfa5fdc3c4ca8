/** Ends work when its time is up. One sweep each SWEEP_MS looks at all open deadlines, because a timer per
 * call costs more than the call's other bookkeeping together. So a deadline fires up to SWEEP_MS late. */
import { Cancellation, untilCancelled } from './cancellation.ts';
import { type Clock, systemClock, type Timer } from './clock.ts';
import { type ContextValues, context } from './context.ts';
import { GoblinError } from './errors.ts';

const SWEEP_MS = 10;

interface Watched {
  readonly at: number;
  readonly expire: () => void;
  index: number;
}

export interface DeadlineSweeper {
  readonly clock: Clock;
  /** Calls `expire` once the clock has passed `at`. Returns what stops the watch. */
  watch(at: number, expire: () => void): () => void;
  /** How many deadlines are open; for leak checks. */
  readonly size: number;
}

export function deadlineSweeper(clock: Clock): DeadlineSweeper {
  const open: Watched[] = [];
  let timer: Timer | undefined;

  function remove(watched: Watched): void {
    if (watched.index < 0) return;
    const last = open.pop()!;
    if (last !== watched) {
      open[watched.index] = last;
      last.index = watched.index;
    }
    watched.index = -1;
  }

  function sweep(): void {
    const now = clock.now();
    for (let i = open.length - 1; i >= 0; i--) {
      const watched = open[i];
      if (watched && watched.at <= now) {
        remove(watched);
        watched.expire();
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
      const watched: Watched = { at, expire, index: open.length };
      open.push(watched);
      timer ??= clock.every(SWEEP_MS, sweep);
      return () => remove(watched);
    },
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
  if (parent.cancellation.cancelled) throw cancelledError(parent.cancellation.reason);
  if (signal?.aborted) throw cancelledError(signal.reason);
  const allowedMs = deadline - sweeper.clock.now();
  if (allowedMs <= 0)
    throw new GoblinError('DEADLINE_EXCEEDED', { message: 'the deadline had passed before the work began' });
  const cancellation = new Cancellation();
  const onAbort = (): void => cancellation.cancel(cancelledError(signal!.reason));
  signal?.addEventListener('abort', onAbort, { once: true });
  const offParent = parent.cancellation.onCancel((reason) => cancellation.cancel(cancelledError(reason)));
  const offDeadline =
    deadline === Number.POSITIVE_INFINITY
      ? undefined
      : sweeper.watch(deadline, () =>
          cancellation.cancel(
            new GoblinError('DEADLINE_EXCEEDED', { message: `no answer within ${Math.round(allowedMs)} ms` }),
          ),
        );
  return {
    values: { ...parent, deadline, cancellation },
    close: () => {
      offParent();
      offDeadline?.();
      signal?.removeEventListener('abort', onAbort);
    },
  };
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
