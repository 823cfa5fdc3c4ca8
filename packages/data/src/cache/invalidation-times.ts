/** When what was invalidated, as far as this process knows: an entry counts while nothing that it belongs to was
 * invalidated since its value began to be loaded. So a value whose loading an invalidation overtook is not kept.
 *
 * The times of MAX_TAGS tags are known; when there are more, everything counts as invalidated once. */
const MAX_TAGS = 10_000;

/** A moment in the order of invalidations. */
export type Moment = number;

export class InvalidationTimes {
  readonly #times = new Map<string, Moment>();
  #now: Moment = 0;
  /** Everything before was invalidated. */
  #floor: Moment = 0;

  now(): Moment {
    return this.#now;
  }

  invalidate(tag: string): void {
    this.#now++;
    if (this.#times.size >= MAX_TAGS && !this.#times.has(tag)) this.invalidateAll();
    else this.#times.set(tag, this.#now);
  }

  invalidateAll(): void {
    this.#floor = ++this.#now;
    this.#times.clear();
  }

  /** Whether nothing of these was invalidated since. */
  isCurrent(since: Moment, tags: readonly string[]): boolean {
    return since >= this.#floor && tags.every((tag) => (this.#times.get(tag) ?? 0) <= since);
  }
}
