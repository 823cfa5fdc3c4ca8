/** A stream whose first item has come: from here on it is this peer's and cannot be tried elsewhere. */
import { context } from '@goblin/core';

export interface OpenStream {
  readonly items: AsyncIterable<unknown>;
  /** Resolves when the last item was read, the reader left, it failed, or the caller's context was cancelled. */
  readonly ended: Promise<void>;
}

/** Opens a stream and waits for its first item, or its end. Rejects with what it fails with before that. */
export async function openStream(open: () => Promise<unknown>): Promise<OpenStream> {
  const { cancellation } = context.current;
  const stream = ((await open()) as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  let first: IteratorResult<unknown> | undefined = await stream.next();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  if (first.done) end();
  const stopListening = cancellation.onCancel(() => end());
  void ended.then(stopListening);

  const iterator: AsyncIterableIterator<unknown> = {
    [Symbol.asyncIterator]: () => iterator,
    async next() {
      if (first) {
        const item = first;
        first = undefined;
        return item;
      }
      try {
        const item = await stream.next();
        if (item.done) end();
        return item;
      } catch (error) {
        end();
        throw error;
      }
    },
    async return(value) {
      end();
      await stream.return?.();
      return { done: true, value };
    },
  };
  return { items: iterator, ended };
}
