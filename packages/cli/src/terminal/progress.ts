/** Shows how far long work is: on a terminal a bar that moves, elsewhere a line when a part begins, nothing where
 * standard output is for a program. */
import type { CommandContext } from '../command.ts';
import { coloursFor } from './colours.ts';
import { liveScreen } from './live-screen.ts';

const WIDTH = 30;

export interface Progress {
  /** @param total undefined where it is not known. @param unit of both numbers. */
  show(part: string, done: number, total: number | undefined, unit?: 'bytes'): void;
  /** Takes the bar away. */
  close(): void;
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
