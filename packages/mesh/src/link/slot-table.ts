/** Numbers what runs and finds it again by its number, in nanoseconds: an array with a list of free places. The upper
 * half of a number counts how often its place was used, so that an answer that comes late finds nothing
 * rather than whoever has the place now; it repeats after 65,536 uses of the same place. */
const SLOT_BITS = 16;
/** The slot of a number. */
export const SLOT_MASK = 0xffff;

export class SlotTable<T> {
  readonly #entries: (T | undefined)[] = [];
  readonly #generations: number[] = [];
  readonly #free: number[] = [];

  /** How many run. */
  get size(): number {
    return this.#entries.length - this.#free.length;
  }

  /** Its number. There may be at most 65,536. */
  add(entry: T): number {
    let slot = this.#free.pop();
    if (slot === undefined) {
      slot = this.#entries.length;
      this.#generations.push(0);
    }
    this.#entries[slot] = entry;
    return ((this.#generations[slot]! << SLOT_BITS) | slot) >>> 0;
  }

  get(id: number): T | undefined {
    const slot = id & SLOT_MASK;
    return this.#generations[slot] === id >>> SLOT_BITS ? this.#entries[slot] : undefined;
  }

  /** Frees the number. It must be one that runs. */
  remove(id: number): void {
    const slot = id & SLOT_MASK;
    this.#entries[slot] = undefined;
    this.#generations[slot] = (this.#generations[slot]! + 1) & SLOT_MASK;
    this.#free.push(slot);
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const entry of this.#entries) if (entry !== undefined) yield entry;
  }
}
