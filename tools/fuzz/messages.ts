/** What the thread that fuzzes and the one that looks after it tell each other. */
import { MAX_INPUT_BYTES } from './mutate.ts';
import type { TargetFile } from './target.ts';

export interface WorkerOptions {
  readonly file: TargetFile;
  readonly seed: number;
  readonly durationMs: number;
  /** Whether inputs that come to something new are wanted. */
  readonly keeps: boolean;
  /** Two numbers u32, how many runs were begun and how long the input is, then the input. */
  readonly shared: SharedArrayBuffer;
}

export type WorkerMessage =
  | { readonly is: 'progress'; readonly runs: number; readonly outcomes: number }
  | { readonly is: 'bug'; readonly runs: number; readonly bytes: Uint8Array; readonly bug: string }
  | {
      readonly is: 'done';
      readonly runs: number;
      readonly outcomes: number;
      /** Inputs that came to something new, where they are wanted. */
      readonly found: readonly Uint8Array[];
    };

export const SHARED_HEAD_BYTES = 8;
export const SHARED_BYTES: number = SHARED_HEAD_BYTES + MAX_INPUT_BYTES;
