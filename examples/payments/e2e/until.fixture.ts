import { setTimeout as sleep } from 'node:timers/promises';

const PERIOD_MS = 50;

/** Waits for a condition. @throws an Error with `message` when it does not hold within `timeoutMs`. */
export async function until(
  condition: () => Promise<boolean> | boolean,
  timeoutMs: number,
  message: () => string,
): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`${message()} (waited ${timeoutMs / 1_000} s)`);
    await sleep(PERIOD_MS);
  }
}
