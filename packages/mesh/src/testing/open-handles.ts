/** What is open in this process, to show that a test closed all it had opened. */
import { deadlines } from '@goblin/core';
import { until } from './until.ts';

export interface OpenHandles {
  readonly sockets: number;
  readonly servers: number;
  readonly timers: number;
  /** Deadlines of calls. */
  readonly deadlines: number;
}

export function openHandles(): OpenHandles {
  const active = process.getActiveResourcesInfo();
  const count = (kind: string): number => active.filter((name) => name === kind).length;
  return {
    sockets: count('TCPSocketWrap') + count('PipeWrap') + count('TLSWrap'),
    servers: count('TCPServerWrap') + count('PipeServerWrap'),
    timers: count('Timeout'),
    deadlines: deadlines.size,
  };
}

/** Resolves when no more is open than was before; rejects with what is. */
export async function noneLeftOpen(before: OpenHandles): Promise<void> {
  const excess = (): string[] => {
    const now = openHandles();
    return (Object.keys(before) as (keyof OpenHandles)[])
      .filter((kind) => now[kind] > before[kind])
      .map((kind) => `${now[kind] - before[kind]} ${kind}`);
  };
  await until(() => excess().length === 0, 'nothing is left open').catch(() => {
    throw new Error(`left open: ${excess().join(', ')}`);
  });
}
