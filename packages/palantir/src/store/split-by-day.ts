/** Judges what is in a batch, and gives each day its own. */
import type { Exemplar, LineOrigin, LogLine, Rejection, SpanRecord } from '../model.ts';
import { isKept, NOT_A_NUMBER } from '../sample-rules.ts';
import { dayOf } from './days.ts';
import type { PackedSamples } from './metrics/packed-samples.ts';
import { checkedLog, spanFault, type TimeWindow, timeFault } from './record-guard.ts';
import type { Rejections } from './rejections.ts';
import { type SpanEntry, spanEntry } from './traces/span-row.ts';
import { startMsOf } from './traces/trace-summary.ts';

export interface WriterBatch {
  readonly packed: PackedSamples;
  readonly exemplars?: readonly Exemplar[];
  readonly logs: readonly LogLine[];
  readonly origins?: readonly LineOrigin[];
  readonly spans: readonly SpanRecord[];
  readonly rejected: readonly Rejection[];
}

/** What of a batch belongs to one day. */
export interface DayParts {
  readonly sampleIndexes: number[];
  readonly exemplars: Exemplar[];
  readonly logs: LogLine[];
  /** One for each of the lines, or none. */
  readonly origins: LineOrigin[];
  readonly spans: SpanEntry[];
}

export function splitByDay(
  batch: WriterBatch,
  window: TimeWindow,
  rejections: Rejections,
): Map<number, DayParts> {
  const days = new Map<number, DayParts>();
  const partsOf = (atMs: number): DayParts => {
    const day = dayOf(atMs);
    let parts = days.get(day);
    if (!parts) {
      parts = { sampleIndexes: [], exemplars: [], logs: [], origins: [], spans: [] };
      days.set(day, parts);
    }
    return parts;
  };
  const { times, values } = batch.packed;
  for (let i = 0; i < times.length; i++) {
    const fault = timeFault(times[i]!, window);
    if (fault) rejections.add(fault);
    else if (!isKept(values, i)) rejections.add(NOT_A_NUMBER);
    else partsOf(times[i]!).sampleIndexes.push(i);
  }
  // A scrape shows an exemplar again until there is a newer one: those that are older than what is kept are passed over.
  for (const exemplar of batch.exemplars ?? [])
    if (exemplar.atMs >= window.fromMs && exemplar.atMs <= window.toMs)
      partsOf(exemplar.atMs).exemplars.push(exemplar);
  for (const [i, given] of batch.logs.entries()) {
    const line = checkedLog(given, window);
    if (typeof line === 'string') {
      rejections.add(line);
      continue;
    }
    const parts = partsOf(line.atMs);
    parts.logs.push(line);
    const origin = batch.origins?.[i];
    if (origin) parts.origins.push(origin);
  }
  for (const span of batch.spans) {
    const fault = spanFault(span, window);
    if (fault) rejections.add(fault);
    else partsOf(startMsOf(span)).spans.push(spanEntry(span));
  }
  return days;
}
