/** What caches keep entries in: bounded in bytes and in number, and the entry that was used longest ago goes first (LRU).
 * An entry is bytes, so that its size is known and nobody changes it by changing what was handed out. */

/** Of a key, an entry and the map around them, roughly. */
const ENTRY_BYTES = 256;
/** A larger share than this of all bytes no entry takes: it would push out all others. */
const MAX_SHARE = 1 / 8;

export interface BoundedStoreOptions {
  readonly maxBytes: number;
  readonly maxEntries: number;
  /** Is told how many bytes came or went, and how many entries had to go for others. */
  readonly changed: (bytes: number, evicted: number) => void;
}

export class BoundedStore<Entry extends { readonly bytes: Uint8Array }> {
  readonly #entries = new Map<string, Entry>();
  readonly #options: BoundedStoreOptions;
  #bytes = 0;

  constructor(options: BoundedStoreOptions) {
    this.#options = options;
  }

  /** What all entries take together. */
  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The entry, which counts as used now. */
  get(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  /** Keeps an entry in the place of the one before; not one that is too large, whose place stays empty. */
  set(key: string, entry: Entry): void {
    this.delete(key);
    const { maxBytes, maxEntries } = this.#options;
    const size = sizeOf(key, entry);
    if (size > maxBytes * MAX_SHARE) return;
    this.#entries.set(key, entry);
    this.#add(size, 0);
    while (this.#bytes > maxBytes || this.#entries.size > maxEntries) {
      const [oldest] = this.#entries.keys();
      this.#remove(oldest!, 1);
    }
  }

  delete(key: string): void {
    if (this.#entries.has(key)) this.#remove(key, 0);
  }

  clear(): void {
    this.#entries.clear();
    this.#add(-this.#bytes, 0);
  }

  #remove(key: string, evicted: number): void {
    const entry = this.#entries.get(key)!;
    this.#entries.delete(key);
    this.#add(-sizeOf(key, entry), evicted);
  }

  #add(bytes: number, evicted: number): void {
    this.#bytes += bytes;
    this.#options.changed(bytes, evicted);
  }
}

function sizeOf(key: string, { bytes }: { readonly bytes: Uint8Array }): number {
  return bytes.length + key.length + ENTRY_BYTES;
}
