/** Time as the platform sees it, so that a simulator can own it. Code whose behaviour depends on time
 * takes a Clock and never calls Date.now, performance.now or setTimeout itself. */

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Monotonic milliseconds from an arbitrary start; for durations and deadlines. */
  now(): number;
  /** Milliseconds since the Unix epoch; for stamps that leave the process. */
  wall(): number;
  /** Calls back once after `delayMs`. The timer does not keep the process alive. */
  after(delayMs: number, callback: () => void): Timer;
  /** Calls back each `periodMs` until cancelled. Does not keep the process alive. */
  every(periodMs: number, callback: () => void): Timer;
}

/** The longest delay that setTimeout takes, about 25 days; it would run a longer one at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after: (delayMs, callback) => startTimer(delayMs, callback, false),
  every: (periodMs, callback) => {
    if (periodMs > MAX_TIMEOUT_MS) return startLongInterval(periodMs, callback);
    const timer = setInterval(callback, periodMs);
    timer.unref();
    return { cancel: () => clearInterval(timer) };
  },
};

/** Resolves after `delayMs`; rejects with the signal's reason if that is aborted first. Keeps the process alive. */
export function sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const done = (): void => {
      signal?.removeEventListener('abort', stop);
      resolve();
    };
    const timer = startTimer(delayMs, done, true);
    const stop = (): void => {
      timer.cancel();
      reject(signal!.reason);
    };
    signal?.addEventListener('abort', stop, { once: true });
  });
}

/** Resolves after `delayMs` of this clock, or as soon as the signal is aborted. */
export function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.after(delayMs, done);
    signal.addEventListener('abort', done, { once: true });
  });
}

function startTimer(delayMs: number, callback: () => void, keepsAlive: boolean): Timer {
  let timer: NodeJS.Timeout;
  const arm = (leftMs: number): void => {
    timer =
      leftMs > MAX_TIMEOUT_MS
        ? setTimeout(() => arm(leftMs - MAX_TIMEOUT_MS), MAX_TIMEOUT_MS)
        : setTimeout(callback, leftMs);
    if (!keepsAlive) timer.unref();
  };
  arm(delayMs);
  return { cancel: () => clearTimeout(timer) };
}

function startLongInterval(periodMs: number, callback: () => void): Timer {
  let timer: Timer;
  const arm = (): void => {
    timer = startTimer(
      periodMs,
      () => {
        arm();
        callback();
      },
      false,
    );
  };
  arm();
  return { cancel: () => timer.cancel() };
}
