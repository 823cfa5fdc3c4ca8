/** How long work waits while no peer is ready: for a target that was seen before until shortly before the deadline
 * (it may be restarting), for one that nobody was ever seen to answer NEVER_SEEN_MS, and then the error says who
 * is known and what to do. */
import { type Clock, GoblinError } from '@goblin/core';
import type { Directory } from '../discovery/directory.ts';
import { describeKnown, describeMissing } from '../discovery/known.ts';
import type { WaitingRoom } from './waiting-room.ts';

const NEVER_SEEN_MS = 2_000;
/** The longest wait where there is no deadline. */
const MAX_WAIT_MS = 30_000;
/** Waiting ends this long before the deadline, so that the caller learns why. */
const BEFORE_DEADLINE_MS = 20;

export interface WaitForPeer {
  readonly target: string;
  /** On the monotonic clock. */
  readonly deadline: number;
  /** How often it was tried before, and what the last attempt failed with. */
  readonly attempts: number;
  readonly lastFailure: string | undefined;
  /** Begins if a peer can be had; false when not. */
  start(): boolean;
  fail(error: GoblinError): void;
}

/** Calls `start` until it succeeds, or `fail` once. Returns what ends the wait without either. */
export function waitForPeer(
  parts: { readonly directory: Directory; readonly clock: Clock; readonly room: WaitingRoom },
  work: WaitForPeer,
): () => void {
  const { directory, clock, room } = parts;
  const { target, attempts, lastFailure } = work;
  const since = clock.now();
  const latest = Math.min(work.deadline - BEFORE_DEADLINE_MS, since + MAX_WAIT_MS);
  let leave: (() => void) | undefined;

  function enter(until: number): void {
    const expire = (): void => {
      if (until < latest && directory.knows(target)) enter(latest);
      else work.fail(noPeer());
    };
    leave = room.enter(target, { start: work.start, expire }, until);
    if (!leave) work.fail(noRoom());
  }

  function noPeer(): GoblinError {
    const waitedMs = Math.round(clock.now() - since);
    const missing = `no instance of ${describeMissing(directory, [target])} could be reached within ${waitedMs} ms${before()}`;
    return new GoblinError('NO_PEER', {
      message: `${missing}. ${describeKnown(directory)}`,
      data: { target, attempts, waitedMs, ...timeLeft() },
    });
  }

  function noRoom(): GoblinError {
    return new GoblinError('NO_PEER', {
      message: `no instance of ${target} is ready, and ${room.size} calls wait already${before()}`,
      data: { target, attempts, ...timeLeft() },
    });
  }

  function before(): string {
    return lastFailure === undefined ? '' : ` (attempt ${attempts} failed before: ${lastFailure})`;
  }

  function timeLeft(): { timeLeftMs?: number } {
    const timeLeftMs = Math.max(0, Math.round(work.deadline - clock.now()));
    return Number.isFinite(timeLeftMs) ? { timeLeftMs } : {};
  }

  enter(directory.knows(target) ? latest : Math.min(latest, since + NEVER_SEEN_MS));
  return () => leave?.();
}
