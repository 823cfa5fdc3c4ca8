/** Looks at the swarm again and again, remembers the last look, and writes what changed into the change log. A source that fails
 * leaves what was seen before, which grows old and is shown so. */
import { type Logger, sleep } from '@goblin/core';
import type { ChangeLog } from '../changes/change.ts';
import { changesSeen } from '../changes/changes-seen.ts';
import type { SwarmSource, SwarmState } from './swarm-state.ts';

const PERIOD_MS = 1_000;
const TIMEOUT_MS = 5_000;

export interface SwarmWatch {
  /** Of all sources, as seen last. */
  readonly state: SwarmState;
  /** Looks until it is aborted. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

/** @param sources may be others at each look */
export function swarmWatch(
  sources: () => readonly SwarmSource[],
  { changes, log }: { changes: ChangeLog; log: Logger },
): SwarmWatch {
  const seen = new Map<SwarmSource, SwarmState>();
  const failing = new Set<SwarmSource>();

  async function look(source: SwarmSource, signal: AbortSignal): Promise<void> {
    try {
      const state = await source.read(AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]));
      for (const change of changesSeen(seen.get(source), state)) changes.add(change);
      seen.set(source, state);
      if (failing.delete(source)) log.info({ source: source.name }, 'the swarm is seen again');
    } catch (err) {
      if (signal.aborted || failing.has(source)) return;
      failing.add(source);
      log.warn({ err, source: source.name }, 'the swarm cannot be seen');
    }
  }

  return {
    get state() {
      const states = [...seen.values()];
      return {
        atMs: Math.max(0, ...states.map(({ atMs }) => atMs)),
        nodes: states.flatMap(({ nodes }) => nodes),
        services: states.flatMap(({ services }) => services),
      };
    },
    async run(signal) {
      while (!signal.aborted) {
        await Promise.all(sources().map((source) => look(source, signal)));
        await sleep(PERIOD_MS, signal).catch(() => {});
      }
    },
  };
}
