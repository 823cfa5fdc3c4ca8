/** Server-sent events of which each counts. What a reader has not taken yet waits, MAX_WAITING_BYTES at most; what comes while that is full
 * is left out, and once there is room again the reader is told how much, by the event `lost`, at the place where it is missing. */
import type { Clock } from '@goblin/core';

export const MAX_WAITING_BYTES: number = 1_048_576;
const KEEP_ALIVE_MS = 15_000;
const HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
};
const encoder = new TextEncoder();

export interface EventSender {
  send(event: string, data: unknown): void;
  /** Adds to what was left out. */
  lose(count: number): void;
}

/** @param begin returns what is called when the reader is gone. @throws what `begin` throws */
export function boundedStream(
  signal: AbortSignal,
  clock: Clock,
  begin: (sender: EventSender) => () => void,
): Response {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  let lost = 0;

  function add(text: string): void {
    const encoded = encoder.encode(text);
    waiting.push(encoded);
    bytes += encoded.length;
  }

  function tellLost(): void {
    if (lost === 0) return;
    add(eventText('lost', { lines: lost }));
    lost = 0;
  }

  function flush(): void {
    if (!controller || (controller.desiredSize ?? 0) <= 0) return;
    tellLost();
    if (waiting.length === 0) return;
    const taken = Buffer.concat(waiting);
    // Before they are handed over: that may call this again.
    waiting = [];
    bytes = 0;
    controller.enqueue(taken);
  }

  const sender: EventSender = {
    send(event, data) {
      if (bytes >= MAX_WAITING_BYTES) lost++;
      else {
        tellLost();
        add(eventText(event, data));
      }
      flush();
    },
    lose(count) {
      lost += count;
      flush();
    },
  };
  const leave = begin(sender);
  const alive = clock.every(KEEP_ALIVE_MS, () => {
    if (waiting.length === 0) add(': alive\n\n');
    flush();
  });
  const end = (): void => {
    alive.cancel();
    leave();
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start(opened) {
        controller = opened;
        const close = (): void => {
          end();
          try {
            opened.close();
          } catch {
            // It was cancelled already.
          }
        };
        if (signal.aborted) close();
        else signal.addEventListener('abort', close, { once: true });
        add(': hello\n\n');
        flush();
      },
      pull: flush,
      cancel: end,
    },
    { highWaterMark: 1 },
  );
  return new Response(body, { headers: HEADERS });
}

function eventText(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
