/** Says on standard error how far long work is: over and over in one line on a terminal, seldom in a log. */

const LOG_EVERY_MS = 30_000;

export interface Progress {
  /** The next of `steps` begins. */
  step(what: string): void;
  done(): void;
}

export function progress(steps: number): Progress {
  const startedMs = performance.now();
  let saidMs = startedMs;
  let begun = 0;
  return {
    step(what) {
      const now = performance.now();
      const leftS = ((now - startedMs) / begun / 1_000) * (steps - begun);
      const left = begun === 0 ? '' : `, about ${Math.ceil(leftS)} s left`;
      const line = `${++begun} of ${steps}${left}: ${what}`;
      if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
      else if (now - saidMs >= LOG_EVERY_MS) {
        process.stderr.write(`${line}\n`);
        saidMs = now;
      }
    },
    done() {
      if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
    },
  };
}
