/** Signals that ask a process to stop. */
import { constants } from 'node:os';

/** npm passes a Ctrl-C on that its child has had from the terminal already. */
const SAME_SIGNAL_MS = 500;
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** Calls `first` for the first signal. The next one calls `second` and ends the process at once, with the exit code of
 * the signal. Returns what takes that back. */
export function onSignals(
  first: (signal: NodeJS.Signals) => void,
  second: () => void = () => {},
): () => void {
  let firstAt: number | undefined;
  const listener = (signal: NodeJS.Signals): void => {
    if (firstAt === undefined) {
      firstAt = performance.now();
      first(signal);
    } else if (performance.now() - firstAt > SAME_SIGNAL_MS) {
      second();
      process.exit(128 + constants.signals[signal]);
    }
  };
  for (const signal of SIGNALS) process.on(signal, listener);
  return () => {
    for (const signal of SIGNALS) process.off(signal, listener);
  };
}
