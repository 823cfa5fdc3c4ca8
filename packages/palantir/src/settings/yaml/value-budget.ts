/** Counts the values of a file as whoever walks through it meets them: what an alias brings in counts wherever it is used. So aliases of
 * aliases cannot make a small file large or deep. */
import { MAX_DEPTH, MAX_VALUES } from '../limits.ts';
import type { YamlNode } from './node.ts';

interface Size {
  readonly values: number;
  readonly depth: number;
}

const ONE: Size = { values: 1, depth: 0 };

export class ValueBudget {
  readonly #sizes = new Map<YamlNode, Size>();
  #spent = 0;

  /** Measures what is read, once all that is in it has been. */
  measure(node: YamlNode): void {
    const inner = node.kind === 'map' ? [...node.entries.values()].map(({ value }) => value) : [];
    if (node.kind === 'list') inner.push(...node.items);
    const sizes = inner.map((one) => this.#sizes.get(one) ?? ONE);
    this.#sizes.set(node, {
      values: sizes.reduce((sum, { values }) => sum + values, 1),
      depth: sizes.reduce((deepest, { depth }) => Math.max(deepest, depth + 1), 0),
    });
  }

  /** One value at this depth, or all of a measured one. @returns what is too much, as a sentence */
  spend(depth: number, measured?: YamlNode): string | undefined {
    const { values, depth: added } = (measured && this.#sizes.get(measured)) ?? ONE;
    return this.#take(values, depth + added);
  }

  /** Entries that a merge brings in. */
  spendEntries(count: number): string | undefined {
    return this.#take(count, 0);
  }

  #take(values: number, depth: number): string | undefined {
    this.#spent += values;
    if (this.#spent > MAX_VALUES)
      return `with all that aliases bring in there are more than ${MAX_VALUES} values`;
    return depth > MAX_DEPTH ? `it is nested deeper than ${MAX_DEPTH} levels` : undefined;
  }
}
