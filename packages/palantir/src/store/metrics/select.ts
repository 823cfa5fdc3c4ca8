/** Reads series of a day: blocks and what is not sealed yet, as one moment has them. For coarse steps a block's rollup is read in
 * place of its points where the block lies wholly within the time asked for; so the answer is what rolling up the points would
 * give. */
import { GoblinError } from '@goblin/core';
import type { DayReader } from '../day-reader.ts';
import { MAX_SELECTED_POINTS } from '../limits.ts';
import type { CompiledMatcher } from '../matching.ts';
import type { ReadControl } from '../read-control.ts';
import type { DayPart } from './packed-series.ts';
import { decodePoints, type Points } from './points-block.ts';
import {
  type Aggregate,
  decodeSteps,
  HOUR_MS,
  joinSteps,
  MINUTE_MS,
  rollUp,
  type Steps,
  stepsOf,
} from './rollup.ts';
import { type BySeries, bySeries, inOrder, joinPoints, slicePoints } from './sorted-samples.ts';

export interface DaySelection {
  readonly matchers: readonly CompiledMatcher[];
  readonly fromMs: number;
  readonly toMs: number;
  /** Of the rollup; undefined for the points themselves. */
  readonly stepMs: typeof MINUTE_MS | typeof HOUR_MS | undefined;
  readonly aggregate: Aggregate;
}

/** The parts of one series in the order in which they were written. */
interface Parts {
  readonly points: Points[];
  readonly steps: Steps[];
}

interface BlockRow {
  readonly id: number;
  readonly from_ms: number;
  readonly to_ms: number;
}

/** The rollup that is fine enough for such steps. */
export function rollupStep(stepMs: number | undefined): DaySelection['stepMs'] {
  if (stepMs === undefined || stepMs < MINUTE_MS) return undefined;
  return stepMs < HOUR_MS ? MINUTE_MS : HOUR_MS;
}

/** @throws RESOURCE_EXHAUSTED */
export function selectDay(day: DayReader, selection: DaySelection, control: ReadControl): DayPart[] {
  return day.db.transaction(() => {
    day.series.refresh();
    const ids = [...day.series.find(selection.matchers)];
    if (ids.length === 0) return [];
    const groups = Map.groupBy(ids, (id) => day.series.groupOf(id));
    const head = unsealed(day, ids, groups.keys());
    const selected: DayPart[] = [];
    for (const [group, members] of groups) {
      const parts = partsOfGroup(day, group, new Set(members), head, selection, control);
      for (const id of members) {
        const { times, values } = joined(parts.get(id)!, selection);
        if (times.length === 0) continue;
        control.count(times.length, MAX_SELECTED_POINTS, tooManyPoints);
        selected.push({ labels: day.series.labelsOf(id), times, values, dayMs: day.startMs });
      }
    }
    return selected;
  });
}

function unsealed(day: DayReader, ids: readonly number[], groups: Iterable<number>): BySeries {
  const rows = day.samples.read();
  /** From which row on a series is not sealed; Infinity for those that nobody asked for. */
  const sealedSeq = new Map<number, number>();
  const sealed = day.db.prepare('SELECT sealed_seq FROM series_group WHERE id = ?');
  for (const group of groups) sealedSeq.set(group, sealed.get(group)!.sealed_seq as number);
  const after = new Float64Array(day.series.maxId + 1).fill(Number.POSITIVE_INFINITY);
  for (const id of ids) after[id] = sealedSeq.get(day.series.groupOf(id))!;
  return bySeries(rows, day.series.maxId, (row, id) => rows[row]!.seq > after[id]!);
}

function partsOfGroup(
  day: DayReader,
  group: number,
  members: ReadonlySet<number>,
  head: BySeries,
  { fromMs, toMs, stepMs, aggregate }: DaySelection,
  control: ReadControl,
): Map<number, Parts> {
  const from = fromMs - day.startMs;
  const to = toMs - day.startMs;
  const parts = new Map<number, Parts>();
  let headFrom = Number.POSITIVE_INFINITY;
  for (const id of members) {
    const points = head.of(id);
    const ordered = points && inOrder(points);
    if (ordered) headFrom = Math.min(headFrom, ordered.times[0]!);
    parts.set(id, { points: [], steps: [] });
  }
  const wants = (id: number): boolean => members.has(id);
  const blocks = day.db
    .prepare(
      'SELECT id, from_ms, to_ms FROM points_block WHERE group_id = ? AND from_ms <= ? AND to_ms >= ? ORDER BY from_ms, id',
    )
    .all(group, to, from) as unknown as BlockRow[];
  for (const block of blocks) {
    control.check();
    // Points that are not sealed may replace sealed ones at the same times: then the points themselves are needed.
    const isWhole = block.from_ms >= from && block.to_ms <= to && block.to_ms < headFrom;
    const rollup = stepMs && isWhole ? rollupOf(day, block.id, stepMs) : undefined;
    if (rollup) for (const one of decodeSteps(rollup, aggregate, wants)) parts.get(one.id)!.steps.push(one);
    else
      for (const one of decodePoints(pointsOf(day, block.id), wants))
        parts.get(one.id)!.points.push(slicePoints(one, from, to));
  }
  for (const id of members) {
    const points = head.of(id);
    if (points) parts.get(id)!.points.push(slicePoints(inOrder(points), from, to));
  }
  return parts;
}

function joined({ points, steps }: Parts, { stepMs, aggregate }: DaySelection): Points {
  const kept = points.length > 0 ? joinPoints(points) : undefined;
  if (!stepMs) return kept ?? { times: new Float64Array(), values: new Float64Array() };
  const own = kept && kept.times.length > 0 ? [stepsOf(rollUp(kept, stepMs), aggregate)] : [];
  return joinSteps([...steps, ...own], aggregate);
}

function pointsOf(day: DayReader, blockId: number): Uint8Array {
  return day.db.prepare('SELECT data FROM points_block WHERE id = ?').get(blockId)!.data as Uint8Array;
}

function rollupOf(day: DayReader, blockId: number, stepMs: number): Uint8Array | undefined {
  const table = stepMs === HOUR_MS ? 'hour_rollup' : 'minute_rollup';
  const row = day.db.prepare(`SELECT data FROM ${table} WHERE block_id = ?`).get(blockId);
  return row?.data as Uint8Array | undefined;
}

function tooManyPoints(): GoblinError {
  const message = `this asks for more than ${MAX_SELECTED_POINTS} points: ask for less time, fewer series or larger steps`;
  return new GoblinError('RESOURCE_EXHAUSTED', { message });
}
