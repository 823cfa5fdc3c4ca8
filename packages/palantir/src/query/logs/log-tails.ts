/** New lines for those who watch, as they are kept. Lines come from the store with each batch that is committed, wait here for a moment, and
 * are looked at for all watchers together in the thread that reads, so that no query of anybody holds up this one.
 *
 * Bounded: so many watchers, so many lines that wait. Lines beyond that are not looked at, and each watcher is told how many; how many
 * were lost to a watcher that reads too slowly is the business of who sends to it. A watcher sees each line once, in the order of
 * commits, as long as nothing is lost. */
import { GoblinError } from '@goblin/core';
import type { LogLine } from '../../model.ts';
import type { TelemetryStore } from '../../store/telemetry-store.ts';
import type { LogSelection } from './ast.ts';
import { type CompiledSelection, compileSelection } from './compile.ts';

export const MAX_TAILS = 32;
/** Lines that wait to be looked at, and those looked at in one go. */
const MAX_WAITING_LINES = 20_000;
const MAX_LINES_AT_ONCE = 2_000;

/** Neither may throw. */
export interface TailWatcher {
  lines(found: readonly LogLine[]): void;
  /** So many lines were not looked at. */
  missed(lines: number): void;
}

export interface LogTails {
  /** @returns what ends it. @throws RESOURCE_EXHAUSTED */
  watch(selection: LogSelection, watcher: TailWatcher): () => void;
}

interface Tail {
  readonly query: CompiledSelection;
  readonly watcher: TailWatcher;
  missed: number;
}

type Lines = Pick<TelemetryStore, 'onLogs' | 'filterLogs'>;

export function logTails(store: Lines): LogTails {
  const tails = new Set<Tail>();
  let waiting: LogLine[] = [];
  let isLooking = false;
  let leave = (): void => {};

  function take(lines: readonly LogLine[]): void {
    const room = Math.max(0, MAX_WAITING_LINES - waiting.length);
    const taken = lines.length <= room ? lines : lines.slice(0, room);
    for (const line of taken) waiting.push(line);
    for (const tail of tails) tail.missed += lines.length - taken.length;
    if (!isLooking) void look();
  }

  async function look(): Promise<void> {
    isLooking = true;
    while (tails.size > 0 && waiting.length > 0) {
      const lines = waiting.splice(0, MAX_LINES_AT_ONCE);
      const asked = [...tails];
      const queries = asked.map(({ query }) => query);
      const found = await store.filterLogs({ lines, queries }).catch(() => undefined);
      for (const [i, tail] of asked.entries()) {
        if (!tails.has(tail)) continue;
        if (found && found[i]!.length > 0) tail.watcher.lines(found[i]!);
        const missed = tail.missed + (found ? 0 : lines.length);
        tail.missed = 0;
        if (missed > 0) tail.watcher.missed(missed);
      }
    }
    isLooking = false;
  }

  return {
    watch(selection, watcher) {
      if (tails.size >= MAX_TAILS) {
        const message = `${MAX_TAILS} watch new lines already: close one of them`;
        throw new GoblinError('RESOURCE_EXHAUSTED', { message });
      }
      const tail = { query: compileSelection(selection), watcher, missed: 0 };
      if (tails.size === 0) leave = store.onLogs(take, 0);
      tails.add(tail);
      return () => {
        if (!tails.delete(tail) || tails.size > 0) return;
        leave();
        waiting = [];
      };
    },
  };
}
