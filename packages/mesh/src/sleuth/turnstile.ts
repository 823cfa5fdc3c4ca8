/** Lets some pieces of work run at a time, the others in the order in which they came. How many may wait is up to who
 * sends them through. */
export type Turnstile = <T>(work: () => Promise<T>) => Promise<T>;

export function turnstile(atOnce: number): Turnstile {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      // The next one takes this one's place.
      if (next) next();
      else running -= 1;
    }
  };
}
