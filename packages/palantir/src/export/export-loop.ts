/** Follows what is kept, of one kind for one exporter, some seconds behind now: what came in until then goes out once, in order of time.
 *
 * - The position moves when a receiver has taken what lies before it, so whatever dies in between, nothing is left out. What was sent
 *   and not answered is sent again: for metrics that is the same, log lines and spans may then be there twice.
 * - What arrives more than `delayMs` after its time is too late for a time that has gone out. After a start nothing is sent for so
 *   long, because senders first bring what they held back.
 * - An exporter that is behind goes on where it was, but no further back than `reachMs`; what it leaves out is counted. */
import { type Clock, pause } from '@goblin/core';
import { type DeliveryTools, deliver } from './delivery.ts';
import type { Feed } from './feeds/feed.ts';
import type { Signal } from './portion.ts';
import type { Positions } from './positions.ts';

/** Between two looks for something new, at most. */
const PERIOD_MS = 5_000;
/** After the store could not be read. */
const READ_PAUSE_MS = 5_000;

export interface LoopOptions {
  readonly exporter: string;
  readonly signal: Signal;
  readonly feed: Feed;
  readonly positions: Positions;
  readonly delivery: DeliveryTools;
  readonly clock: Clock;
  readonly delayMs: number;
  readonly reachMs: number;
}

/** Ends when it is aborted. */
export async function exportLoop(options: LoopOptions, abort: AbortSignal): Promise<void> {
  const { exporter, signal, feed, positions, delivery, clock, delayMs, reachMs } = options;
  const { meter } = delivery;
  if (positions.of(exporter, signal) === undefined) positions.set(exporter, signal, Math.floor(clock.wall()));
  const position = (): number => positions.of(exporter, signal)!;
  const floor = (): number => Math.floor(clock.wall() - reachMs);
  const tellLag = (): void => meter.lag(clock.wall() - position());

  function moveTo(atMs: number): void {
    if (atMs > position()) positions.set(exporter, signal, atMs);
    tellLag();
  }

  /** @returns whether it came so far */
  async function goTo(toMs: number): Promise<boolean> {
    const isWorthwhile = (): boolean => {
      tellLag();
      return position() >= floor();
    };
    for await (const { portion, doneMs } of feed.read(position(), toMs, abort)) {
      if (!(await deliver(portion, delivery, isWorthwhile, abort))) return false;
      moveTo(doneMs);
    }
    if (!abort.aborted) moveTo(toMs);
    return true;
  }

  await pause(clock, delayMs, abort);
  while (!abort.aborted) {
    const [fromMs, floorMs] = [position(), floor()];
    if (fromMs < floorMs) {
      meter.skippedTime(fromMs, floorMs);
      moveTo(floorMs);
    }
    let hasArrived: boolean;
    try {
      hasArrived = await goTo(Math.floor(clock.wall() - delayMs));
    } catch (error) {
      if (abort.aborted) return;
      meter.failed(`the store: ${(error as Error).message}`);
      hasArrived = false;
      await pause(clock, READ_PAUSE_MS, abort);
    }
    if (hasArrived) await pause(clock, Math.min(PERIOD_MS, delayMs), abort);
  }
}
