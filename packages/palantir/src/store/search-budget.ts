/** How much a search may look at, what it has looked at, and what ended it. */

/** What a search has to say when it is over. */
export interface SearchEnd {
  /** Lines or traces that were found. */
  readonly found: number;
  /** Lines or traces that were looked at for it. */
  readonly looked: number;
  /** Blocks that were read, and those that were not because they surely lack a word that is asked for. */
  readonly blocks: number;
  readonly skippedBlocks: number;
  readonly ms: number;
  /** What ended it before all was looked at: there may be more. */
  readonly limitedBy?: 'limit' | 'looked' | 'time';
}

export interface SearchLimits {
  /** Lines or traces that are looked at; no limit by default. */
  readonly maxLooked?: number;
  /** After so long the search ends with what it has; by default it fails after READ_TIMEOUT_MS. */
  readonly maxMs?: number;
}

export class SearchBudget {
  readonly #limits: SearchLimits;
  readonly #startedAt = performance.now();
  looked = 0;
  blocks = 0;
  skippedBlocks = 0;

  constructor(limits: SearchLimits) {
    this.#limits = limits;
  }

  /** The limit that is reached. */
  get spentBy(): 'looked' | 'time' | undefined {
    const { maxLooked = Number.POSITIVE_INFINITY, maxMs = Number.POSITIVE_INFINITY } = this.#limits;
    if (this.looked >= maxLooked) return 'looked';
    return performance.now() - this.#startedAt >= maxMs ? 'time' : undefined;
  }

  end(found: number, limitedBy: SearchEnd['limitedBy']): SearchEnd {
    const { looked, blocks, skippedBlocks } = this;
    const ms = Math.round(performance.now() - this.#startedAt);
    return { found, looked, blocks, skippedBlocks, ms, ...(limitedBy && { limitedBy }) };
  }
}
