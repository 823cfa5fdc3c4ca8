/** The links of one owner: it lets each look after itself every TICK_MS by one timer, which runs only while there are
 * any. */
import { type Clock, context, type Timer } from '@goblin/core';
import { type LinkEnd, TICK_MS } from './link-end.ts';

export class LinkKeeper<Link extends LinkEnd> {
  readonly #clock: Clock;
  readonly #links = new Set<Link>();
  readonly #onTick: (link: Link) => void;
  #timer: Timer | undefined;

  constructor(clock: Clock, onTick: (link: Link) => void = () => {}) {
    this.#clock = clock;
    this.#onTick = onTick;
  }

  get size(): number {
    return this.#links.size;
  }

  add(link: Link): void {
    this.#links.add(link);
    this.#timer ??= context.detach(() => this.#clock.every(TICK_MS, () => this.#tick()));
  }

  delete(link: Link): void {
    this.#links.delete(link);
    if (this.#links.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  [Symbol.iterator](): Iterator<Link> {
    return this.#links.values();
  }

  #tick(): void {
    for (const link of this.#links) {
      link.tick();
      this.#onTick(link);
    }
  }
}
