/** An error as plain data, for the log and for error trackers: its code, its data and the chain of its causes,
 * which `JSON.stringify` would all leave out. */

export interface ErrorRecord {
  /** The class: `GoblinError`, `TypeError`. */
  readonly type: string;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: unknown;
  /** Of an AggregateError. */
  readonly errors?: unknown;
  /** `code`, `data` and whatever else the error carries, such as `errno` and `syscall`. */
  readonly [field: string]: unknown;
}

/** @param show makes what the error carries fit to be seen; causes go through it too. */
export function errorRecord(error: Error, show: (value: unknown) => unknown): ErrorRecord {
  const { name: _name, cause: _cause, ...carried } = error as Error & Record<string, unknown>;
  return {
    ...(show(carried) as Record<string, unknown>),
    type: error.name,
    message: error.message,
    ...(error.stack !== undefined && { stack: error.stack }),
    ...(error.cause !== undefined && { cause: show(error.cause) }),
    ...(error instanceof AggregateError && { errors: show(error.errors) }),
  };
}
