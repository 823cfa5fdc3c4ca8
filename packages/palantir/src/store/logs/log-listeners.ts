/** Who is told of lines once they are kept. The thread that writes sends lines back with its answer, those from the lowest severity on that
 * anybody wants; which one that is stands in memory that it shares, so a thread that is started again knows it too. Nothing waits here:
 * lines come with the answers to the requests that brought them, and those are bounded. A listener must not throw. */
import type { LogLine } from '../../model.ts';
import { ERROR_SEVERITY } from '../../query/logs/line-labels.ts';

/** Above all severities. */
const NOBODY = 99;

interface Listener {
  readonly fromSeverity: number;
  take(lines: readonly LogLine[]): void;
}

export class LogListeners {
  readonly #listeners = new Set<Listener>();
  readonly heardFrom: Int32Array = new Int32Array(new SharedArrayBuffer(4)).fill(NOBODY);

  /** @returns what ends it */
  add(take: Listener['take'], fromSeverity: number = ERROR_SEVERITY): () => void {
    const listener = { fromSeverity, take };
    this.#listeners.add(listener);
    this.#noteLowest();
    return () => {
      this.#listeners.delete(listener);
      this.#noteLowest();
    };
  }

  tell(lines: readonly LogLine[]): void {
    for (const { fromSeverity, take } of this.#listeners) {
      const wanted = lines.filter(({ severity }) => severity >= fromSeverity);
      if (wanted.length > 0) take(wanted);
    }
  }

  #noteLowest(): void {
    const lowest = Math.min(NOBODY, ...Array.from(this.#listeners, ({ fromSeverity }) => fromSeverity));
    Atomics.store(this.heardFrom, 0, lowest);
  }
}
