/** Whether work is still wanted. One Cancellation belongs to one call; it is cancelled by the caller going
 * away, by the deadline, or by shutdown, and whatever is below it is cancelled with it. An AbortSignal
 * costs about a microsecond, so it is made only when somebody reads it. */

/** Is told when work is not wanted any more. */
export interface CancelListener {
  cancelled(reason: unknown): void;
}

export class Cancellation {
  #reason: unknown;
  #cancelled = false;
  #controller: AbortController | undefined;
  /** Mostly there is one listener, so only further ones get a set. */
  #listener: CancelListener | undefined;
  #others: Set<CancelListener> | undefined;

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
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.cancelled(reason);
    if (this.#others) for (const other of this.#others) other.cancelled(reason);
    this.#others = undefined;
  }

  /** Tells the listener when cancelled, at once if it already is. */
  listen(listener: CancelListener): void {
    if (this.#cancelled) listener.cancelled(this.#reason);
    else if (!this.#listener) this.#listener = listener;
    else {
      this.#others ??= new Set();
      this.#others.add(listener);
    }
  }

  /** Takes a listener off again. */
  unlisten(listener: CancelListener): void {
    if (this.#listener === listener) this.#listener = undefined;
    else this.#others?.delete(listener);
  }

  /** Like `listen` for a function. Returns what takes it off again. */
  onCancel(listener: (reason: unknown) => void): () => void {
    const listening: CancelListener = { cancelled: listener };
    this.listen(listening);
    return () => this.unlisten(listening);
  }
}

/** Of work that nobody can cancel: it keeps no listeners. */
class NeverCancelled extends Cancellation {
  override cancel(): void {}

  override listen(): void {}
}

export const neverCancelled: Cancellation = new NeverCancelled();

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
