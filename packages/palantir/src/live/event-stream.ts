/** An answer of server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). A reader that is slower than what
 * is to be told gets the newest only: what waits for it is one event. */
const encoder = new TextEncoder();
const KEEP_ALIVE_MS = 15_000;

/** @param begin gets what sends an event, and returns what is called when the reader is gone */
export function eventStream(
  signal: AbortSignal,
  begin: (send: (event: string, json: string) => void) => () => void,
): Response {
  let end = (): void => {};
  let pulled = (): void => {};
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let waiting: Uint8Array | undefined;
        const flush = (): void => {
          if (waiting === undefined || (controller.desiredSize ?? 0) <= 0) return;
          controller.enqueue(waiting);
          waiting = undefined;
        };
        pulled = flush;
        const leave = begin((event, json) => {
          waiting = encoder.encode(`event: ${event}\ndata: ${json}\n\n`);
          flush();
        });
        const alive = setInterval(() => {
          if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(': alive\n\n'));
        }, KEEP_ALIVE_MS);
        end = () => {
          clearInterval(alive);
          leave();
          end = () => {};
        };
        signal.addEventListener(
          'abort',
          () => {
            end();
            try {
              controller.close();
            } catch {
              // It was cancelled already.
            }
          },
          { once: true },
        );
      },
      pull: () => pulled(),
      cancel: () => end(),
    },
    { highWaterMark: 1 },
  );
  return new Response(body, {
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
  });
}
