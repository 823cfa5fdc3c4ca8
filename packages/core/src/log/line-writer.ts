/** Writes lines to a file descriptor. The lines of one turn of the event loop are written together at its end; what
 * is queued when the process exits is written then, so only a SIGKILL can lose lines, and only those of the
 * current turn. A pipe that is full is tried again later while lines wait, up to MAX_QUEUED_CHARS; beyond that
 * lines are dropped and counted, because a slow reader of the log must not stop the service. */
import { writeSync } from 'node:fs';

export interface LogDestination {
  /** Takes one line with its line break. */
  write(line: string): void;
  /** Writes what is queued before it returns. */
  flushSync?(): void;
}

/** More than this is written at once, not at the end of the turn. */
const WRITE_AT_CHARS = 64 * 1024;
const MAX_QUEUED_CHARS = 8 * 1024 * 1024;
const RETRY_MS = 20;
/** How long the exit of the process may wait for a full pipe. */
const EXIT_WAIT_MS = 1_000;

export function lineWriter(fd: number): Required<LogDestination> {
  let lines: string[] = [];
  let chars = 0;
  let unwritten: Buffer = Buffer.alloc(0);
  let scheduled = false;
  let dropped = 0;

  /** Writes until nothing is left or the pipe is full. Answers whether nothing is left. */
  function flush(): boolean {
    if (dropped > 0) {
      lines.push(droppedLine(dropped));
      dropped = 0;
    }
    const bytes = Buffer.concat([unwritten, Buffer.from(lines.join(''))]);
    lines = [];
    chars = 0;
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(fd, bytes, written);
    } catch (error) {
      // Anything but a full pipe means that nobody reads any more: there is no one to tell.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') written = bytes.length;
    }
    unwritten = bytes.subarray(written);
    chars = unwritten.length;
    return chars === 0;
  }

  function turn(): void {
    scheduled = !flush();
    if (scheduled) setTimeout(turn, RETRY_MS).unref();
  }

  function flushSync(): void {
    const until = performance.now() + EXIT_WAIT_MS;
    while (!flush() && performance.now() < until) pause(RETRY_MS);
  }

  process.once('exit', flushSync);
  return {
    write(line) {
      if (chars > MAX_QUEUED_CHARS) {
        dropped++;
        return;
      }
      lines.push(line);
      chars += line.length;
      if (scheduled) {
        if (chars > WRITE_AT_CHARS && unwritten.length === 0) flush();
      } else {
        scheduled = true;
        setImmediate(turn);
      }
    },
    flushSync,
  };
}

function droppedLine(count: number): string {
  const msg = `${count} log lines were dropped: the reader of the log is too slow`;
  return `${JSON.stringify({ level: 'warn', time: new Date().toISOString(), msg })}\n`;
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
