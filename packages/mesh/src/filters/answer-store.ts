/** Answers as bytes, bounded in bytes and in number; the one that was used longest ago goes first (LRU). As bytes, so
 * that their size is known and that nobody changes a kept answer by changing the one that was handed out. */
import { deserialize, serialize } from 'node:v8';

/** Of a key, an entry and the map around them, roughly. */
const ENTRY_BYTES = 256;
/** A larger share than this of all bytes no answer takes: it would push out all others. */
const MAX_SHARE = 1 / 8;

export interface StoredAnswer {
  readonly bytes: Buffer;
  /** When it was asked for. */
  readonly at: number;
  /** Until then it is not refreshed, because refreshing it has just failed. */
  retryAt: number;
}

export class AnswerStore {
  readonly #answers = new Map<string, StoredAnswer>();
  readonly #maxBytes: number;
  readonly #maxEntries: number;
  readonly #changed: (bytes: number, evicted: number) => void;
  #bytes = 0;

  /** @param changed is told how many bytes came or went, and how many answers had to go for others. */
  constructor(maxBytes: number, maxEntries: number, changed: (bytes: number, evicted: number) => void) {
    this.#maxBytes = maxBytes;
    this.#maxEntries = maxEntries;
    this.#changed = changed;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#answers.size;
  }

  get(key: string): StoredAnswer | undefined {
    const stored = this.#answers.get(key);
    if (!stored) return undefined;
    this.#answers.delete(key);
    this.#answers.set(key, stored);
    return stored;
  }

  /** Keeps an answer unless a newer one is kept; not one that is too large or cannot be written as bytes, such as a
   * stream. */
  set(key: string, answer: unknown, at: number): void {
    if ((this.#answers.get(key)?.at ?? at) > at) return;
    this.delete(key);
    const bytes = bytesOf(answer);
    if (!bytes) return;
    const stored: StoredAnswer = { bytes, at, retryAt: 0 };
    const size = sizeOf(key, stored);
    if (size > this.#maxBytes * MAX_SHARE) return;
    this.#answers.set(key, stored);
    this.#add(size, 0);
    while (this.#bytes > this.#maxBytes || this.#answers.size > this.#maxEntries) {
      const [oldest] = this.#answers.keys();
      this.#remove(oldest!, 1);
    }
  }

  delete(key: string): void {
    if (this.#answers.has(key)) this.#remove(key, 0);
  }

  #remove(key: string, evicted: number): void {
    const stored = this.#answers.get(key)!;
    this.#answers.delete(key);
    this.#add(-sizeOf(key, stored), evicted);
  }

  #add(bytes: number, evicted: number): void {
    this.#bytes += bytes;
    this.#changed(bytes, evicted);
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

function sizeOf(key: string, { bytes }: StoredAnswer): number {
  return bytes.length + key.length + ENTRY_BYTES;
}
