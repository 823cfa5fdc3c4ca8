/** A terminal with a log that scrolls and a block of lines that stays below it. Each frame wipes the block, writes what
 * was logged meanwhile, and draws the block again, in one write. What was logged is ordinary output: it
 * can be scrolled back to and copied. */
import type { Output } from '../command.ts';
import { cut, widthOf } from './text.ts';

const FRAME_MS = 50;
/** How often the block is drawn when nothing is logged. */
const IDLE_MS = 1_000;
const MAX_WAITING_LINES = 5_000;

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const WIPE_BELOW = '\u001b[0J';
/** Terminals that know these show the frame at once; others ignore them. */
const BEGIN_FRAME = '\u001b[?2026h';
const END_FRAME = '\u001b[?2026l';

export interface LiveScreen {
  log(text: string): void;
  /** Draws the block soon. */
  changed(): void;
  /** Draws it for the last time and leaves it there. */
  close(): void;
}

/** @param draw the lines of the block as they are now. */
export function liveScreen(output: Output, draw: () => readonly string[]): LiveScreen {
  let waiting: string[] = [];
  let drawn: readonly string[] = [];
  let frameTimer: NodeJS.Timeout | undefined;
  const idleTimer = setInterval(frame, IDLE_MS);

  function frame(): void {
    clearTimeout(frameTimer);
    frameTimer = undefined;
    const { columns = 80, rows = 24 } = output;
    const wipe = `${upBy(rowsOf(drawn, columns))}${WIPE_BELOW}`;
    // One row must stay for the log, and one for the cursor.
    drawn = draw()
      .slice(0, rows - 2)
      .map((line) => cut(line, columns));
    const log = waiting.map((line) => `${line}\n`).join('');
    waiting = [];
    output.write(`${BEGIN_FRAME}${wipe}${log}${drawn.map((line) => `${line}\n`).join('')}${END_FRAME}`);
  }

  function soon(): void {
    frameTimer ??= setTimeout(frame, FRAME_MS);
  }

  output.write(HIDE_CURSOR);
  soon();
  return {
    log(text) {
      waiting.push(text);
      if (waiting.length > MAX_WAITING_LINES) frame();
      else soon();
    },
    changed: soon,
    close() {
      clearInterval(idleTimer);
      frame();
      clearTimeout(frameTimer);
      output.write(SHOW_CURSOR);
    },
  };
}

function upBy(rows: number): string {
  return rows === 0 ? '' : `\u001b[${rows}A\r`;
}

/** A line that was drawn when the terminal was wider takes several rows now. */
function rowsOf(lines: readonly string[], width: number): number {
  return lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / width)), 0);
}
