/** Tells when a container starts, from the engine's own stream of events, so that one that lives shortly is seen as well. Who uses it
 * looks by itself now and then. */
import { type Clock, pause } from '@goblin/core';
import { type Hint, hint } from '../hint.ts';
import type { DockerEngine } from './docker-engine.ts';

const PATH = `/events?filters=${encodeURIComponent(JSON.stringify({ type: ['container'], event: ['start'] }))}`;
const AGAIN_MS = 5_000;

/** Until the signal is aborted. */
export function eventHint(engine: DockerEngine, clock: Clock, signal: AbortSignal): Hint {
  const started = hint(clock);

  async function listen(): Promise<void> {
    while (!signal.aborted) {
      try {
        for await (const _ of await engine.stream(PATH, signal)) started.give();
      } catch {
        // Whether the engine can be asked is told by who looks.
      }
      await pause(clock, AGAIN_MS, signal);
    }
  }

  void listen();
  return started;
}
