/** Does something with each of many, so many at a time. */

/** Resolves when all are done. @throws what `work` throws first; those that run then go on, no others begin */
export async function inParallel<T>(
  all: readonly T[],
  limit: number,
  work: (one: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    try {
      while (next < all.length) await work(all[next++]!);
    } catch (error) {
      next = all.length;
      throw error;
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, all.length) }, worker));
}
