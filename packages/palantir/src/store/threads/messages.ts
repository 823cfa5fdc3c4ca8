/** What goes between the store and its threads. */
import { GoblinError } from '@goblin/core';

export interface ThreadRequest {
  readonly id: number;
  readonly method: string;
  readonly argument: unknown;
  /** Shared memory: not 0 once nobody waits for the answer. */
  readonly flag: Int32Array;
}

export interface ThreadFault {
  readonly code: string;
  readonly message: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

export type ThreadAnswer =
  | { readonly id: number; readonly part: unknown }
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly fault: ThreadFault };

/** An error as data, because classes do not go from thread to thread. */
export function faultOf(error: unknown): ThreadFault {
  if (error instanceof GoblinError) return error.toJSON();
  return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) };
}

export function errorOf({ code, message, data }: ThreadFault): GoblinError {
  return new GoblinError(code, { message, ...(data && { data }) });
}
