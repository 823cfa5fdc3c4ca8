/** Waits until services are there. */
import { type Clock, cancelledError, GoblinError } from '@goblin/core';
import type { Directory } from './directory.ts';
import { describeKnown, describeMissing } from './known.ts';

/** Resolves once each name has a ready instance. @throws DEADLINE_EXCEEDED, CANCELED */
export function waitFor(
  directory: Directory,
  clock: Clock,
  names: readonly string[],
  { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal },
): Promise<void> {
  const missing = (): string[] =>
    names.filter((name) => directory.answering(name).length === 0 && directory.named(name).length === 0);
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(cancelledError(signal.reason));
    if (missing().length === 0) return resolve();
    const finish = (settle: () => void): void => {
      unsubscribe();
      timer.cancel();
      signal?.removeEventListener('abort', abort);
      settle();
    };
    const abort = (): void => finish(() => reject(cancelledError(signal!.reason)));
    const unsubscribe = directory.subscribe(() => {
      if (missing().length === 0) finish(resolve);
    });
    const timer = clock.after(timeoutMs, () => {
      const still = missing();
      const message = `after ${timeoutMs} ms still missing: ${describeMissing(directory, still)}. ${describeKnown(directory)}`;
      finish(() => reject(new GoblinError('DEADLINE_EXCEEDED', { message, data: { missing: still } })));
    });
    signal?.addEventListener('abort', abort, { once: true });
  });
}
