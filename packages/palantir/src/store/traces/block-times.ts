/** When the spans of each sealed block of a day began and ended: read along as blocks are added, because those that ended within some
 * seconds lie in few of them. */
import type { DayDatabase } from '../day-database.ts';

/** The rows of a block's parts follow one another. */
interface BlockTime {
  firstPart: number;
  lastPart: number;
  startMs: number;
  endMs: number;
}

interface PartTime {
  readonly id: number;
  readonly block_id: number;
  readonly start_ms: number;
  readonly end_ms: number;
}

export class BlockTimes {
  readonly #db: DayDatabase;
  readonly #blocks = new Map<number, BlockTime>();
  #lastPart = 0;

  constructor(db: DayDatabase) {
    this.#db = db;
  }

  /** Within a transaction: the blocks that may have spans which ended from `fromMs` until before `toMs`. */
  ended(fromMs: number, toMs: number): Readonly<BlockTime>[] {
    this.#refresh();
    return [...this.#blocks.values()].filter(({ startMs, endMs }) => endMs >= fromMs && startMs < toMs);
  }

  #refresh(): void {
    const rows = this.#db
      .prepare('SELECT id, block_id, start_ms, end_ms FROM trace_part WHERE id > ? ORDER BY id')
      .iterate(this.#lastPart) as unknown as Iterable<PartTime>;
    for (const { id, block_id, start_ms, end_ms } of rows) {
      this.#lastPart = id;
      const block = this.#blocks.get(block_id);
      if (!block)
        this.#blocks.set(block_id, { firstPart: id, lastPart: id, startMs: start_ms, endMs: end_ms });
      else {
        block.lastPart = id;
        block.startMs = Math.min(block.startMs, start_ms);
        block.endMs = Math.max(block.endMs, end_ms);
      }
    }
  }
}
