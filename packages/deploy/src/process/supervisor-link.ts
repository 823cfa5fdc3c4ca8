/** An instance's side of the IPC channel to its supervisor. There is none when the process was started by hand. */
import type { EdgeSpec } from '@goblin/core';
import { type CallTotals, type FromInstance, HEARTBEAT_MS, isMessage, type ToInstance } from './messages.ts';

export type { CallTotals } from './messages.ts';

export interface SupervisorLink {
  tell(message: FromInstance): void;
  /** Sends a heartbeat each second. @param measure all calls since the start. */
  beat(measure: () => readonly CallTotals[]): void;
  onStop(stop: (timeoutMs: number) => void): void;
  onRoutes(route: (spec: EdgeSpec) => void): void;
}

/** How long an instance drains whose supervisor is gone. */
const ORPHAN_STOP_MS = 5_000;

/** To be called early: the supervisor may stop an instance while it starts. */
export function supervisorLink(): SupervisorLink | undefined {
  if (!process.send || !process.connected) return undefined;
  let stop: ((timeoutMs: number) => void) | undefined;
  let route: ((spec: EdgeSpec) => void) | undefined;
  let asked: number | undefined;

  function askToStop(timeoutMs: number): void {
    asked ??= timeoutMs;
    stop?.(timeoutMs);
  }

  process.on('message', (message) => {
    if (!isMessage(message)) return;
    const told = message as ToInstance;
    if (told.goblin === 'stop') askToStop(told.timeoutMs);
    if (told.goblin === 'edge') route?.(told.spec);
  });
  process.once('disconnect', () => askToStop(ORPHAN_STOP_MS));
  // Without a supervisor nobody reads the output.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

  function tell(message: FromInstance): void {
    if (process.connected) process.send!(message, undefined, undefined, () => {});
  }

  return {
    tell,
    beat(measure) {
      const send = (): void =>
        tell({ goblin: 'heartbeat', doors: measure(), residentBytes: process.memoryUsage.rss() });
      setInterval(send, HEARTBEAT_MS).unref();
    },
    onStop(handler) {
      stop = handler;
      if (asked !== undefined) handler(asked);
    },
    onRoutes(handler) {
      route = handler;
    },
  };
}
