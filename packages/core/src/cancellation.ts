/** Whether work is still wanted. One Cancellation belongs to one call; it is cancelled by the caller going
 * away, by the deadline, or by shutdown, and whatever is below it is cancelled with it. An AbortSignal
 * costs about a microsecond, so it is made only when somebody reads it. */

export class Cancellation {
  #reason: unknown;
  #cancelled = false;
  #controller: AbortController | undefined;
  #listeners: Set<(reason: unknown) => void> | undefined;

  get cancelled(): boolean {
    return this.#cancelled;
  }

  /** Why; undefined until cancelled. */
  get reason(): unknown {
    return this.#reason;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#cancelled) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Cancels once; later calls change nothing. */
  cancel(reason: unknown): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.#reason = reason;
    this.#controller?.abort(reason);
    const listeners = this.#listeners;
    this.#listeners = undefined;
    if (listeners) for (const listener of listeners) listener(reason);
  }

  /** Calls back when cancelled, at once if it already is. Returns what takes the listener off again. */
  onCancel(listener: (reason: unknown) => void): () => void {
    if (this.#cancelled) {
      listener(this.#reason);
      return nothing;
    }
    this.#listeners ??= new Set();
    const listeners = this.#listeners;
    listeners.add(listener);
    return () => listeners.delete(listener);
  }
}

function nothing(): void {}

/** The promise's outcome, or a rejection with the reason as soon as the work is cancelled. */
export function untilCancelled<T>(cancellation: Cancellation, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const off = cancellation.onCancel(reject);
    promise.then(
      (value) => {
        off();
        resolve(value);
      },
      (error) => {
        off();
        reject(error);
      },
    );
  });
}
