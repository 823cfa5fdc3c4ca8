/** What the supervisor and an instance say to each other over the IPC channel between them. Either side ignores
 * what it does not know. Losing the channel means that the other side is gone. */
import type { EdgeSpec, HistogramSnapshot } from '@goblin/core';

/** As the mesh has them. */
export type InstancePhase = 'starting' | 'ready' | 'draining';

/** Everything an instance has answered since it started, by one of its doors: procedures or plain HTTP. */
export interface CallTotals {
  /** How long it took, in seconds. */
  readonly durations: HistogramSnapshot;
  /** How many of these failed. */
  readonly errors: number;
}

/** Sent each HEARTBEAT_MS, so that silence shows a process that hangs. */
export interface Heartbeat {
  readonly doors: readonly CallTotals[];
  readonly residentBytes: number;
}

export type FromInstance =
  /** @property url where it can be reached: `http://127.0.0.1:4711`. */
  | { readonly goblin: 'phase'; readonly phase: InstancePhase; readonly url?: string }
  | ({ readonly goblin: 'heartbeat' } & Heartbeat)
  /** It cannot start, and why, for people. */
  | { readonly goblin: 'failed'; readonly message: string };

export type ToInstance =
  /** Drain and exit within this time. */
  | { readonly goblin: 'stop'; readonly timeoutMs: number }
  /** For the edge: other routes from now on. */
  | { readonly goblin: 'edge'; readonly spec: EdgeSpec };

export const HEARTBEAT_MS = 1_000;

export function isMessage(value: unknown): value is { readonly goblin: string } {
  return typeof value === 'object' && value !== null && 'goblin' in value;
}
