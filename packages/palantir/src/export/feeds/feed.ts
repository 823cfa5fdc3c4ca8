/** Reads what was kept between two times, portion by portion, in order of time as far as its receivers need it.
 *
 * A read of the store covers a window of time, which a feed keeps so short that what it reads fits into memory: it grows while little
 * is in it, shrinks when there is much, and is asked for again, shorter, where the store says that it is too much. */
import { isGoblinError } from '@goblin/core';
import type { Portion } from '../portion.ts';

const FIRST_WINDOW_MS = 10_000;
const MAX_WINDOW_MS = 120_000;
/** A window that is refused is cut into so many. */
const SHRINK = 8;

export interface Fed {
  readonly portion: Portion;
  /** Everything before it has gone out once this portion has. */
  readonly doneMs: number;
}

export interface Feed {
  /** From `fromMs` until before `toMs`. Rejects with what the store throws. */
  read(fromMs: number, toMs: number, signal: AbortSignal): AsyncGenerator<Fed>;
}

export interface WindowRead {
  readonly items: number;
  readonly portions: Iterable<Portion>;
  /** Called when all portions have gone out. */
  done?(): void;
}

/** A feed out of reads of windows.
 * @param wanted items of one window
 * @param readWindow all items until before `toMs` */
export function windowedFeed(
  wanted: number,
  readWindow: (fromMs: number, toMs: number, signal: AbortSignal) => Promise<WindowRead>,
): Feed {
  let windowMs = FIRST_WINDOW_MS;

  async function window(fromMs: number, toMs: number, signal: AbortSignal) {
    for (;;) {
      const endMs = Math.min(toMs, fromMs + windowMs);
      try {
        return { endMs, ...(await readWindow(fromMs, endMs, signal)) };
      } catch (error) {
        if (!isGoblinError(error, 'RESOURCE_EXHAUSTED') || endMs - fromMs <= 1) throw error;
        windowMs = Math.max(1, Math.floor((endMs - fromMs) / SHRINK));
      }
    }
  }

  return {
    async *read(fromMs, toMs, signal) {
      for (let atMs = fromMs; atMs < toMs; ) {
        const { endMs, items, portions, done } = await window(atMs, toMs, signal);
        let last: Portion | undefined;
        for (const portion of portions) {
          if (last) yield { portion: last, doneMs: atMs };
          last = portion;
        }
        if (last) yield { portion: last, doneMs: endMs };
        done?.();
        const fitting = Math.floor(((endMs - atMs) * wanted) / Math.max(1, items));
        windowMs = Math.max(1, Math.min(fitting, windowMs * 2, MAX_WINDOW_MS));
        atMs = endMs;
      }
    },
  };
}
