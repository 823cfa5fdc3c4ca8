/** Gives each question so long, and says what helps where that is not enough. */
import { GoblinError } from '@goblin/core';

const TIMEOUT_MS = 10_000;

/** @throws DEADLINE_EXCEEDED, and what the work throws */
export async function reading<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return await work(signal);
  } catch (cause) {
    if (!signal.aborted) throw cause;
    throw new GoblinError('DEADLINE_EXCEEDED', {
      message: `it took longer than ${TIMEOUT_MS / 1_000} s: let errorShare select fewer series`,
      cause,
    });
  }
}
