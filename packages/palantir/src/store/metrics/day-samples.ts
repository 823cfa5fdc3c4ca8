/** The writing side of a day's metrics. A batch becomes one row of the journal, and is acknowledged by its commit. Once enough rows
 * wait, or the oldest waits long enough, they are frozen, sorted by series and sealed group by group in short transactions, so
 * that ingest goes on in between. A group's `sealed_seq` says up to which row of the journal its samples lie in blocks; the rows go
 * when all groups are done. So whenever the process dies, each sample is in the journal or in a block, and a reader knows which.
 *
 * No two blocks hold a sample of the same series and time: a series whose new samples are not all later than its sealed ones is
 * merged with the blocks that they fall into. Rollups may therefore be added up. */
import type { Labels } from '../../model.ts';
import type { DayDatabase } from '../day-database.ts';
import type { Rejections } from '../rejections.ts';
import type { PackedSamples } from './packed-samples.ts';
import type { Points, SeriesPoints } from './points-block.ts';
import { PointsBlocks } from './points-blocks.ts';
import { decodeSampleRow, encodeSampleRow, type SampleRow } from './sample-row.ts';
import { type SeriesLimits, SeriesRegistry } from './series-registry.ts';
import { type BySeries, bySeries, inOrder, joinPoints } from './sorted-samples.ts';

/** What waits in the journal before it is sealed; more where there are many series, so that blocks are worth their heads. */
const HEAD_SAMPLES = 524_288;
const HEAD_SAMPLES_PER_SERIES = 16;
const HEAD_AGE_MS = 3_600_000;

/** Rows that are being sealed. */
interface Frozen {
  readonly lastSeq: number;
  readonly samples: BySeries;
  readonly groups: Iterator<{ readonly id: number; readonly seriesIds: readonly number[] }>;
}

export class DaySamples {
  readonly #db: DayDatabase;
  readonly #registry: SeriesRegistry;
  readonly #blocks: PointsBlocks;
  /** The latest sealed time of each series, or a later one where it is not known so exactly. */
  readonly #sealedTo = new Map<number, number>();
  #waiting: SampleRow[] = [];
  #waitingSamples = 0;
  #waitingSinceMs = 0;
  #nextSeq: number;
  #frozen: Frozen | undefined;

  constructor(db: DayDatabase, limits: SeriesLimits, nowMs: number) {
    this.#db = db;
    this.#registry = new SeriesRegistry(db, limits);
    this.#blocks = new PointsBlocks(db);
    this.#nextSeq = 1 + this.#highestSeq();
    this.#recover(nowMs);
  }

  get series(): number {
    return this.#registry.size;
  }

  get waiting(): number {
    return this.#waitingSamples;
  }

  /** The series' number, or why it is not taken. Within a transaction: it may write. */
  idOf(series: Labels): number | string {
    return this.#registry.idOf(series);
  }

  /** Within a transaction. Of the samples at these indexes; answers how many were taken. */
  add(
    packed: PackedSamples,
    indexes: Uint32Array,
    dayStartMs: number,
    rejections: Rejections,
    nowMs: number,
  ): number {
    const known: (number | string | undefined)[] = new Array(packed.series.length);
    const ids = new Uint32Array(indexes.length);
    const times = new Uint32Array(indexes.length);
    const values = new Float64Array(indexes.length);
    let count = 0;
    for (const index of indexes) {
      const at = packed.seriesOf[index]!;
      known[at] ??= this.#registry.idOf(packed.series[at]!);
      const id = known[at];
      if (typeof id === 'string') {
        rejections.add(id);
        continue;
      }
      ids[count] = id;
      times[count] = packed.times[index]! - dayStartMs;
      values[count++] = packed.values[index]!;
    }
    if (count === 0) return 0;
    const columns = {
      ids: ids.subarray(0, count),
      times: times.subarray(0, count),
      values: values.subarray(0, count),
    };
    this.#wait({ seq: this.#nextSeq++, ...columns }, nowMs);
    this.#db
      .prepare('INSERT INTO sample_journal (seq, data) VALUES (?, ?)')
      .run(this.#nextSeq - 1, encodeSampleRow(columns));
    return count;
  }

  /** Whether there is something to seal. */
  isDue(nowMs: number): boolean {
    if (this.#frozen) return true;
    const isOld = this.#waitingSamples > 0 && nowMs - this.#waitingSinceMs >= HEAD_AGE_MS;
    return isOld || this.#waitingSamples >= this.#headLimit();
  }

  /** Whether so much waits that the next batch has to: sealing did not keep up. */
  get isBehind(): boolean {
    return this.#frozen !== undefined && this.#waitingSamples >= this.#headLimit();
  }

  /** Seals for about that long, in one transaction. */
  sealSome(budgetMs: number): void {
    this.#frozen ??= this.#freeze();
    const frozen = this.#frozen;
    const enoughAt = performance.now() + budgetMs;
    this.#db.transaction(() => {
      do {
        const { value: group, done } = frozen.groups.next();
        if (done) {
          this.#db.prepare('DELETE FROM sample_journal WHERE seq <= ?').run(frozen.lastSeq);
          this.#frozen = undefined;
          return;
        }
        this.#sealGroup(group.id, group.seriesIds, frozen);
      } while (performance.now() < enoughAt);
    });
  }

  #headLimit(): number {
    return Math.max(HEAD_SAMPLES, HEAD_SAMPLES_PER_SERIES * this.#registry.size);
  }

  #wait(row: SampleRow, nowMs: number): void {
    if (this.#waiting.length === 0) this.#waitingSinceMs = nowMs;
    this.#waiting.push(row);
    this.#waitingSamples += row.ids.length;
  }

  #freeze(): Frozen {
    const frozen: Frozen = {
      lastSeq: this.#nextSeq - 1,
      samples: bySeries(this.#waiting, this.#registry.maxId),
      groups: [...this.#registry.groups][Symbol.iterator](),
    };
    this.#waiting = [];
    this.#waitingSamples = 0;
    return frozen;
  }

  #sealGroup(groupId: number, seriesIds: readonly number[], { samples, lastSeq }: Frozen): void {
    const fresh = new Map<number, Points>();
    for (const id of seriesIds) {
      const points = samples.of(id);
      if (points) fresh.set(id, inOrder(points));
    }
    if (fresh.size === 0) return;
    const merged = this.#withOverlapped(groupId, fresh);
    this.#blocks.insert(groupId, merged);
    for (const { id, times } of merged)
      this.#sealedTo.set(id, Math.max(this.#sealedTo.get(id) ?? 0, times.at(-1)!));
    this.#db.prepare('UPDATE series_group SET sealed_seq = ? WHERE id = ?').run(lastSeq, groupId);
  }

  /** Takes those blocks out that hold the times of late samples, and answers all together. */
  #withOverlapped(groupId: number, fresh: ReadonlyMap<number, Points>): SeriesPoints[] {
    let from = Number.POSITIVE_INFINITY;
    let to = Number.NEGATIVE_INFINITY;
    for (const [id, { times }] of fresh) {
      const sealedTo = this.#sealedTo.get(id);
      if (sealedTo === undefined || times[0]! > sealedTo) continue;
      from = Math.min(from, times[0]!);
      to = Math.max(to, Math.min(sealedTo, times.at(-1)!));
    }
    const parts = new Map<number, Points[]>();
    if (from <= to) {
      for (const points of this.#blocks.takeOverlapping(groupId, from, to)) addTo(parts, points.id, points);
    }
    for (const [id, points] of fresh) addTo(parts, id, points);
    return Array.from(parts, ([id, list]) => ({ id, ...joinPoints(list) })).sort(
      (one, other) => one.id - other.id,
    );
  }

  /** Rows that were deleted were sealed, so the groups remember their numbers. */
  #highestSeq(): number {
    const { seq } = this.#db
      .prepare(
        `SELECT max((SELECT coalesce(max(seq), 0) FROM sample_journal),
          (SELECT coalesce(max(sealed_seq), 0) FROM series_group)) AS seq`,
      )
      .get() as { seq: number };
    return seq;
  }

  #recover(nowMs: number): void {
    const sealedSeq = new Map<number, number>();
    for (const { id, sealed_seq } of this.#db.prepare('SELECT id, sealed_seq FROM series_group').all())
      sealedSeq.set(id as number, sealed_seq as number);
    const groupTo = this.#blocks.lastTimes();
    for (const { id, seriesIds } of this.#registry.groups) {
      const to = groupTo.get(id);
      if (to !== undefined) for (const seriesId of seriesIds) this.#sealedTo.set(seriesId, to);
    }
    for (const { seq, data } of this.#db
      .prepare('SELECT seq, data FROM sample_journal ORDER BY seq')
      .iterate()) {
      const row = decodeSampleRow(seq as number, data as Uint8Array);
      const isSealed = (id: number): boolean => row.seq <= sealedSeq.get(this.#registry.groupOf(id))!;
      const kept = row.ids.some(isSealed) ? withoutSealed(row, isSealed) : row;
      if (kept.ids.length > 0) this.#wait(kept, nowMs);
    }
  }
}

function withoutSealed({ seq, ids, times, values }: SampleRow, isSealed: (id: number) => boolean): SampleRow {
  const keeps = (_: number, index: number): boolean => !isSealed(ids[index]!);
  return { seq, ids: ids.filter(keeps), times: times.filter(keeps), values: values.filter(keeps) };
}

function addTo<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
