/** The spans of a day that ended within some time, for who passes them on. */
import type { SpanRecord } from '../../model.ts';
import type { DayReader } from '../day-reader.ts';
import type { BlockSpans, PartRow } from './trace-read.ts';
import { startMsOf } from './trace-summary.ts';

const NS_PER_MS = 1e6;

/** Yields them in no order, block by block. Both as one moment has them: what waits and what is sealed. */
export function* endedSpansOfDay(
  day: DayReader,
  blockSpans: BlockSpans,
  fromMs: number,
  toMs: number,
): Generator<SpanRecord[]> {
  const isWanted = (span: SpanRecord): boolean => {
    const endMs = startMsOf(span) + span.durationNs / NS_PER_MS;
    return endMs >= fromMs && endMs < toMs;
  };
  const { waiting, blocks } = day.db.transaction(() => ({
    waiting: day.spans.read().flat(),
    blocks: day.blockTimes.ended(fromMs, toMs),
  }));
  yield waiting.filter(isWanted);
  for (const { firstPart, lastPart } of blocks) {
    const sealed = day.db
      .prepare('SELECT * FROM trace_part WHERE id BETWEEN ? AND ? AND end_ms >= ? AND start_ms < ?')
      .all(firstPart, lastPart, fromMs, toMs) as unknown as PartRow[];
    yield blockSpans.spansOf(day, { sealed, waiting: [] }).filter(isWanted);
  }
}
