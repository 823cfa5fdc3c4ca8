/** The blocks of a day's points with their rollups, as the writer puts them in and takes them out. All within transactions. */
import type { DayDatabase } from '../day-database.ts';
import { decodePoints, encodePoints, type SeriesPoints } from './points-block.ts';
import { countSteps, encodeRollups, HOUR_MS, MINUTE_MS, rollUp } from './rollup.ts';

const BLOCK_POINTS = 32_768;
/** A rollup is kept where it has this much fewer rows than points; elsewhere it is computed from them when it is read. */
const ROLLUP_GAIN = 8;

interface BlockRow {
  readonly id: number;
  readonly data: Uint8Array;
}

export class PointsBlocks {
  readonly #db: DayDatabase;

  constructor(db: DayDatabase) {
    this.#db = db;
  }

  /** Cuts what is large into several blocks. */
  insert(groupId: number, series: readonly SeriesPoints[]): void {
    for (const block of slices(series)) this.#insertBlock(groupId, block);
  }

  /** Takes those blocks of the group out that have times from here to there, and answers what is in them, oldest first. */
  takeOverlapping(groupId: number, from: number, to: number): SeriesPoints[] {
    const blocks = this.#db
      .prepare(
        'SELECT id, data FROM points_block WHERE group_id = ? AND from_ms <= ? AND to_ms >= ? ORDER BY from_ms, id',
      )
      .all(groupId, to, from) as unknown as BlockRow[];
    return blocks.flatMap(({ id, data }) => {
      this.#db.prepare('DELETE FROM points_block WHERE id = ?').run(id);
      this.#db.prepare('DELETE FROM minute_rollup WHERE block_id = ?').run(id);
      this.#db.prepare('DELETE FROM hour_rollup WHERE block_id = ?').run(id);
      return decodePoints(data);
    });
  }

  /** The latest time that each group has in a block. */
  lastTimes(): Map<number, number> {
    const rows = this.#db
      .prepare('SELECT group_id, max(to_ms) AS to_ms FROM points_block GROUP BY group_id')
      .all() as unknown as { group_id: number; to_ms: number }[];
    return new Map(rows.map(({ group_id, to_ms }) => [group_id, to_ms]));
  }

  #insertBlock(groupId: number, series: readonly SeriesPoints[]): void {
    let from = Number.POSITIVE_INFINITY;
    let to = 0;
    for (const { times } of series) {
      from = Math.min(from, times[0]!);
      to = Math.max(to, times.at(-1)!);
    }
    const { lastInsertRowid: blockId } = this.#db
      .prepare('INSERT INTO points_block (group_id, from_ms, to_ms, data) VALUES (?, ?, ?, ?)')
      .run(groupId, from, to, encodePoints(series));
    this.#insertRollup('minute_rollup', blockId, series, MINUTE_MS);
    this.#insertRollup('hour_rollup', blockId, series, HOUR_MS);
  }

  #insertRollup(
    table: 'minute_rollup' | 'hour_rollup',
    blockId: number | bigint,
    series: readonly SeriesPoints[],
    stepMs: number,
  ): void {
    let points = 0;
    let steps = 0;
    for (const { times } of series) {
      points += times.length;
      steps += countSteps(times, stepMs);
    }
    if (points < steps * ROLLUP_GAIN) return;
    const rollups = series.map((one) => ({ id: one.id, ...rollUp(one, stepMs) }));
    this.#db
      .prepare(`INSERT INTO ${table} (block_id, data) VALUES (?, ?)`)
      .run(blockId, encodeRollups(rollups));
  }
}

/** Blocks of about BLOCK_POINTS, of which each has its share of each series. */
function* slices(series: readonly SeriesPoints[]): Generator<SeriesPoints[]> {
  const points = series.reduce((sum, { times }) => sum + times.length, 0);
  const count = Math.ceil(points / BLOCK_POINTS);
  for (let slice = 0; slice < count; slice++) {
    yield series.flatMap(({ id, times, values }) => {
      const from = Math.floor((times.length * slice) / count);
      const to = Math.floor((times.length * (slice + 1)) / count);
      return to > from ? [{ id, times: times.subarray(from, to), values: values.subarray(from, to) }] : [];
    });
  }
}
