/** What everybody does who deals with a database that is killed now and then. */
import { isGoblinError, sleep } from '@goblin/core';

/** Much longer than it takes to come back. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 20;

/** Does it again for as long as the database is away. What it does must be safe to do twice, because a commit whose answer
 * was lost may have been kept. */
export async function surely<T>(work: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isGoblinError(error, 'DATABASE_UNAVAILABLE') || performance.now() > giveUpAt) throw error;
    }
    await sleep(PAUSE_MS);
  }
}

/** Waits until it is so.
 * @throws saying what did not come true, and how it stands */
export async function until(
  what: string,
  isSo: () => Promise<boolean>,
  withinMs: number,
  how?: () => Promise<unknown>,
): Promise<void> {
  const giveUpAt = performance.now() + withinMs;
  while (!(await surely(isSo))) {
    if (performance.now() > giveUpAt) {
      const state = how ? `: ${JSON.stringify(await surely(how))}` : '';
      throw new Error(`within ${withinMs / 1_000} s it did not come true that ${what}${state}`);
    }
    await sleep(PAUSE_MS);
  }
}
