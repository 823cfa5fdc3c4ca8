/** Counts what is not taken by its reason. The kinds of reasons are bounded; what comes after goes under one name. */
import type { Rejection } from '../model.ts';
import { MAX_REASONS } from './limits.ts';

const OTHER = 'other reasons';

export class Rejections {
  readonly #counts = new Map<string, number>();

  add(reason: string, count = 1): void {
    const isKnown = this.#counts.has(reason) || this.#counts.size < MAX_REASONS;
    const name = isKnown ? reason : OTHER;
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
  }

  list(): Rejection[] {
    return Array.from(this.#counts, ([reason, count]) => ({ count, reason }));
  }
}
