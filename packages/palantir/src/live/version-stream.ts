/** The answer that follows a live state (version.ts) by server-sent events: the newest version as a whole at first, then what changes.
 *
 * For a reader that is slower than the state nothing is queued: once it has taken what it was sent it gets the newest version, as a whole
 * where it missed one. One that takes nothing for STUCK_MS is given up. */
import { type Clock, GoblinError } from '@goblin/core';
import type { Version } from './version.ts';

const KEEP_ALIVE_MS = 15_000;
export const STUCK_MS: number = 60_000;
const ALIVE = Buffer.from(': alive\n\n');
const HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
};

/** @param watch tells each version until what it returns is called */
export function versionStream(
  signal: AbortSignal,
  clock: Clock,
  watch: (show: (version: Version) => void) => () => void,
): Response {
  let stream: ReadableStreamDefaultController<Uint8Array>;
  let newest: Version | undefined;
  let held: number | undefined;
  let takenAt = clock.now();

  const isReady = (): boolean => (stream.desiredSize ?? 0) > 0;

  function flush(): void {
    if (!newest || newest.number === held || !isReady()) return;
    const bytes = held === newest.number - 1 ? newest.change() : newest.whole();
    // Before they are handed over: that may call this again.
    held = newest.number;
    stream.enqueue(bytes);
  }

  function keepAlive(): void {
    if (isReady()) stream.enqueue(ALIVE);
    else if (clock.now() - takenAt >= STUCK_MS) giveUp();
  }

  function giveUp(): void {
    end();
    stream.error(new GoblinError('UNAVAILABLE', { message: `nothing was read for ${STUCK_MS / 1_000} s` }));
  }

  function close(): void {
    end();
    stream.close();
  }

  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        stream = controller;
      },
      pull() {
        takenAt = clock.now();
        flush();
      },
      cancel: () => end(),
    },
    { highWaterMark: 1 },
  );
  let isOver = false;
  const leave = watch((version) => {
    newest = version;
    flush();
  });
  const alive = clock.every(KEEP_ALIVE_MS, keepAlive);
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    alive.cancel();
    leave();
    signal.removeEventListener('abort', close);
    newest = undefined;
  };
  if (signal.aborted) close();
  else signal.addEventListener('abort', close, { once: true });
  return new Response(body, { headers: HEADERS });
}
