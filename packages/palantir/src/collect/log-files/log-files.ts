/** Follows the log files of supervised processes. They are the buffer between them and us: what is in them when Palantir is down,
 * killed, or its store is full is read later, from where it was.
 *
 * Each line is kept exactly once. Where it is in each log is written to the state database after the store has committed, so no line is
 * lost between the two. What a `kill -9` in between lets it read again is known to the store by file and position, which it keeps
 * in the transaction of the lines. What the rotation has taken away before it was read cannot be known line by line: it is
 * counted once for each time, and logged.
 *
 * All logs are read in turns, a bounded piece of each, and the next turn waits until the store has committed. */

import { pause } from '@goblin/core';
import type { LineOrigin, LogLine } from '../../model.ts';
import type { StateDatabase } from '../../state/state-database.ts';
import type { Collector, CollectorTools } from '../collector.ts';
import { collectorMeter } from '../collector-meter.ts';
import { keeper } from '../keep.ts';
import { logLine } from '../log-line.ts';
import { folderHint } from './folder-hint.ts';
import { type LogCursor, logCursors } from './log-cursors.ts';
import { findLogs } from './log-file-set.ts';
import { LogTail, type TailEvents } from './log-tail.ts';

const NAME = 'log files';
/** Of one log in one turn, and of all. */
const MAX_TURN_BYTES = 1_048_576;
const MAX_ROUND_BYTES: number = 4 * MAX_TURN_BYTES;
/** After a change more is about to come: it is taken together. */
const GATHER_MS = 50;

export interface LogFilesOptions {
  /** `<data>/logs`, with `tax.ndjson`, `tax.1.ndjson` and so on. */
  readonly folder: string;
  /** How often it looks where the system does not tell of changes. Default 500. */
  readonly pollMs?: number;
  /** Called with the lines once they are kept, in the transaction that notes how far it is: of each line once, whatever is killed. */
  readonly kept?: (lines: readonly LogLine[]) => void;
}

export function logFiles(
  tools: CollectorTools & { readonly state: StateDatabase },
  { folder, pollMs = 500, kept = () => {} }: LogFilesOptions,
): Collector {
  const { clock } = tools;
  const meter = collectorMeter(NAME, tools.metrics, tools.log);
  const keep = keeper(tools, meter);
  const cursors = logCursors(tools.state, folder);

  async function follow(signal: AbortSignal): Promise<void> {
    const begun = cursors.load();
    const tails = new Map<string, LogTail>();
    await using open = new AsyncDisposableStack();
    let lines: LogLine[] = [];
    let origins: LineOrigin[] = [];
    /** Another log is the first each time, so that none waits for ever where there is more than a round can hold. */
    let first = 0;

    function tailOf(service: string): LogTail {
      let tail = tails.get(service);
      if (!tail) {
        const events: TailEvents = {
          line(text, origin) {
            lines.push(logLine(text, { service, atMs: clock.wall(), severity: 0 }));
            origins.push(origin);
          },
          lost: (reason) => meter.lost(1, reason),
        };
        tail = open.use(new LogTail(service, begun.get(service), events));
        tails.set(service, tail);
      }
      return tail;
    }

    /** @returns whether more waits to be read. */
    async function round(): Promise<boolean> {
      lines = [];
      origins = [];
      let room = MAX_ROUND_BYTES;
      let isBehind = false;
      const logs = [...(await findLogs(folder))];
      for (let i = 0; i < logs.length && room > 0; i++) {
        const [service, files] = logs[(first + i) % logs.length]!;
        const took = await tailOf(service).read(files, MAX_TURN_BYTES);
        isBehind ||= took >= MAX_TURN_BYTES;
        room -= took;
      }
      if (room <= 0) isBehind = true;
      first += 1;
      const moved: LogCursor[] = [];
      for (const tail of tails.values()) if (tail.hasMoved) moved.push(await tail.cursor());
      if (lines.length > 0 && !(await keep.patiently({ logs: lines, origins }, signal))) return false;
      if (lines.length > 0 || moved.length > 0)
        tools.state.transaction(() => {
          kept(lines);
          cursors.save(moved);
        });
      meter.lag(isBehind && lines.length > 0 ? clock.wall() - lines.at(-1)!.atMs : 0);
      return isBehind;
    }

    using hint = folderHint(folder, clock);
    while (!signal.aborted) {
      const isBehind = await round();
      meter.succeeded(folder);
      if (isBehind) continue;
      await pause(clock, GATHER_MS, signal);
      await hint.within(pollMs - GATHER_MS, signal);
    }
  }

  return {
    name: NAME,
    async run(signal) {
      while (!signal.aborted) {
        // Begun anew from what is remembered, because how far it was in memory is not certain.
        await follow(signal).catch((error: unknown) => meter.failed(folder, error));
        await pause(clock, pollMs, signal);
      }
    },
  };
}
