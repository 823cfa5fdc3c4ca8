/** Shows how far long work is: on a terminal a bar that moves, elsewhere a line when a part begins, nothing where
 * standard output is for a program. */
import { GoblinError } from '@goblin/core';
import type { CommandContext } from '../command.ts';
import { onSignals } from '../run/signals.ts';
import { coloursFor } from './colours.ts';
import { liveScreen } from './live-screen.ts';

const WIDTH = 30;
const INTERRUPTED = 130;

export interface Progress {
  /** @param total undefined where it is not known. @param unit of both numbers. */
  show(part: string, done: number, total: number | undefined, unit?: 'bytes'): void;
  /** Takes the bar away. */
  close(): void;
}

/** Runs long work and shows how far it is. Ctrl-C aborts it; it ends in order, the user reads what became of it, and the exit
 * code is 130.
 * @param afterwards how things are after Ctrl-C, for a person */
export async function withProgress(
  context: CommandContext,
  afterwards: string,
  work: (progress: Progress, signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const stop = new AbortController();
  const progress = progressOf(context);
  const offSignals = onSignals(
    () => stop.abort(new GoblinError('CANCELED', { message: 'interrupted' })),
    () => progress.close(),
  );
  try {
    return await work(progress, stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    progress.close();
    context.io.stderr.write(`goblin: interrupted; ${afterwards}\n`);
    return INTERRUPTED;
  } finally {
    progress.close();
    offSignals();
  }
}

export function progressOf(context: CommandContext): Progress {
  const { stdout, env } = context.io;
  if (context.flag('json')) return { show: () => {}, close: () => {} };
  return stdout.isTTY ? bar(context, coloursFor(stdout, env).cyan) : lines(context);
}

function lines(context: CommandContext): Progress {
  let last = '';
  return {
    show(part) {
      if (part !== last) context.print(part);
      last = part;
    },
    close: () => {},
  };
}

function bar(context: CommandContext, colour: (text: string) => string): Progress {
  let line: string | undefined;
  let part = '';
  let beganMs = 0;
  let draw = (): string => '';
  const screen = liveScreen(context.io.stdout, () => {
    if (part !== '') line = draw();
    return line === undefined ? [] : [line];
  });
  return {
    show(now, done, total, unit) {
      if (now !== part) beganMs = performance.now();
      part = now;
      draw = () => {
        const seconds = `${((performance.now() - beganMs) / 1_000).toFixed(0)} s`;
        if (total === undefined || total === 0) return `${part}  ${seconds}`;
        const share = Math.min(1, done / total);
        const filled = Math.round(share * WIDTH);
        const amount = unit ? `${megabytes(done)} of ${megabytes(total)}` : `${done} of ${total}`;
        return `${part}  ${colour('█'.repeat(filled))}${'░'.repeat(WIDTH - filled)} ${(share * 100).toFixed(0)} %  ${amount}  ${seconds}`;
      };
      screen.changed();
    },
    close() {
      part = '';
      line = undefined;
      screen.close();
    },
  };
}

/** `1.2 MB` */
export function megabytes(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}
