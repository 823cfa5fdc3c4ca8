/** Knowing when an answer is over, streams too. */
import type { Cancellation } from '@goblin/core';

export function isStream(answer: unknown): answer is AsyncIterable<unknown> {
  return typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer;
}

/** The same items. `ended` is called once: after the last one, when they fail, when their reader leaves or when the
 * call is cancelled, for a reader that never begins. */
export function untilEnded(
  items: AsyncIterable<unknown>,
  cancellation: Cancellation,
  ended: () => void,
): AsyncIterableIterator<unknown> {
  const iterator = items[Symbol.asyncIterator]();
  let isOver = false;
  let unlisten = (): void => {};
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    unlisten();
    ended();
  };
  unlisten = cancellation.onCancel(() => end());
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      try {
        const item = await iterator.next();
        if (item.done) end();
        return item;
      } catch (error) {
        end();
        throw error;
      }
    },
    async return(value: unknown) {
      end();
      await iterator.return?.();
      return { done: true, value };
    },
  };
}
