/** Answers as bytes, in a bounded store: whoever is handed one gets it anew. */
import { deserialize, serialize } from 'node:v8';
import { BoundedStore } from '@goblin/core';

export interface StoredAnswer {
  readonly bytes: Buffer;
  /** When it was asked for. */
  readonly at: number;
  /** Until then it is not refreshed, because refreshing it has just failed. */
  retryAt: number;
}

export class AnswerStore {
  readonly #answers: BoundedStore<StoredAnswer>;

  /** @param changed is told how many bytes came or went, and how many answers had to go for others. */
  constructor(maxBytes: number, maxEntries: number, changed: (bytes: number, evicted: number) => void) {
    this.#answers = new BoundedStore({ maxBytes, maxEntries, changed });
  }

  get bytes(): number {
    return this.#answers.bytes;
  }

  get size(): number {
    return this.#answers.size;
  }

  get(key: string): StoredAnswer | undefined {
    return this.#answers.get(key);
  }

  /** Keeps an answer unless a newer one is kept; not one that is too large or cannot be written as bytes, such as a
   * stream. */
  set(key: string, answer: unknown, at: number): void {
    if ((this.#answers.get(key)?.at ?? at) > at) return;
    const bytes = bytesOf(answer);
    if (bytes) this.#answers.set(key, { bytes, at, retryAt: 0 });
    else this.#answers.delete(key);
  }

  delete(key: string): void {
    this.#answers.delete(key);
  }
}

/** The answer anew, each time. */
export function answerOf({ bytes }: StoredAnswer): unknown {
  return deserialize(bytes);
}

function bytesOf(answer: unknown): Buffer | undefined {
  try {
    return serialize(answer);
  } catch {
    return undefined;
  }
}
