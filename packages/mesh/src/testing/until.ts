/** Waits for a condition of the real world, in place of a sleep. */

/** Far longer than anything takes, on a busy machine too: it only makes a failing test end. */
const PATIENCE_MS = 30_000;

/** Resolves once `condition` holds; rejects naming `what` when it does not within 30 s. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited ${PATIENCE_MS} ms in vain until ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
