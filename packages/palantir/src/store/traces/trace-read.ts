/** Reads the parts of traces: their summaries, and their spans out of blocks and of what is not sealed yet. */
import type { SpanRecord } from '../../model.ts';
import { unpack } from '../bytes.ts';
import type { DayReader } from '../day-reader.ts';
import { spansOfText } from './span-text.ts';
import { joinSummaries, summaryOfSpan, type TraceSummary } from './trace-summary.ts';

export interface PartRow {
  readonly id: number;
  readonly trace_id: Uint8Array;
  readonly block_id: number;
  readonly at: number;
  readonly length: number;
  readonly start_ms: number;
  readonly end_ms: number;
  readonly root_name: string | null;
  readonly root_service: string | null;
  readonly services: string;
  readonly errors: number;
  readonly spans: number;
}

/** What one day knows of a trace. */
export interface TraceParts {
  readonly sealed: readonly PartRow[];
  readonly waiting: readonly SpanRecord[];
}

/** The spans of a day that are not sealed yet, by trace. Within a transaction. */
export function waitingSpans(day: DayReader): Map<string, SpanRecord[]> {
  return Map.groupBy(day.spans.read().flat(), ({ traceId }) => traceId);
}

/** In the same transaction. */
export function partsOfTrace(
  day: DayReader,
  traceId: string,
  waiting: ReadonlyMap<string, SpanRecord[]> = waitingSpans(day),
): TraceParts {
  const sealed = day.db
    .prepare('SELECT * FROM trace_part WHERE trace_id = ?')
    .all(Buffer.from(traceId, 'hex')) as unknown as PartRow[];
  return { sealed, waiting: waiting.get(traceId) ?? [] };
}

export function summariesOf({ sealed, waiting }: TraceParts): TraceSummary[] {
  const summaries = sealed.map(summaryOfPart);
  return waiting.length > 0 ? [...summaries, joinSummaries(waiting.map(summaryOfSpan))] : summaries;
}

/** The spans of the trace, and the last read block, because traces that are next to each other lie in one. */
export class BlockSpans {
  #key: string | undefined;
  #bytes: Buffer = Buffer.alloc(0);

  spansOf(day: DayReader, { sealed, waiting }: TraceParts): SpanRecord[] {
    const spans = sealed.flatMap((part) => {
      const bytes = this.#block(day, part.block_id);
      const text = bytes.toString('utf8', part.at, part.at + part.length);
      return spansOfText(text, traceIdOf(part));
    });
    return [...spans, ...waiting];
  }

  #block(day: DayReader, blockId: number): Buffer {
    const key = `${day.day} ${blockId}`;
    if (key !== this.#key) {
      const { data } = day.db.prepare('SELECT data FROM span_block WHERE id = ?').get(blockId) as {
        data: Uint8Array;
      };
      const bytes = unpack(data);
      this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      this.#key = key;
    }
    return this.#bytes;
  }
}

export function traceIdOf({ trace_id }: PartRow): string {
  return Buffer.from(trace_id).toString('hex');
}

function summaryOfPart(part: PartRow): TraceSummary {
  return {
    traceId: traceIdOf(part),
    ...(part.root_name !== null && { rootName: part.root_name, rootService: part.root_service ?? '' }),
    startMs: part.start_ms,
    durationMs: part.end_ms - part.start_ms,
    services: JSON.parse(part.services) as string[],
    errors: part.errors,
    spans: part.spans,
  };
}
