/** Judges times, logs and spans before they are stored: what is refused is refused with a reason, what is merely odd is mended. */
import type { Labels, LogLine, SpanRecord } from '../model.ts';
import { MAX_AHEAD_MS, TOO_FAR_AHEAD } from '../sample-rules.ts';
import { DAY_MS, MAX_RECORD_CHARACTERS } from './limits.ts';
import { startMsOf } from './traces/trace-summary.ts';

const TRACE_ID = /^[0-9a-f]{32}$/;
const SPAN_ID = /^[0-9a-f]{16}$/;
const MAX_SEVERITY = 24;
const TOO_LARGE = `texts and attributes are longer than ${MAX_RECORD_CHARACTERS} characters in all`;

export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
  readonly retentionDays: number;
}

/** What is kept from at `nowMs` on. @param floorMs where older days were already given up for their size */
export function timeWindow(nowMs: number, retentionDays: number, floorMs: number): TimeWindow {
  const fromMs = Math.max(floorMs, nowMs - retentionDays * DAY_MS);
  return { fromMs, toMs: nowMs + MAX_AHEAD_MS, retentionDays };
}

export function timeFault(atMs: number, { fromMs, toMs, retentionDays }: TimeWindow): string | undefined {
  if (atMs >= fromMs && atMs <= toMs) return undefined;
  if (!Number.isFinite(atMs)) return 'the time is not a number';
  if (atMs > toMs) return TOO_FAR_AHEAD;
  return `the time is older than what is kept (${retentionDays} days, or less where space ran out)`;
}

/** The line as it is stored, or why it is not. Ids that are none are left out. */
export function checkedLog(line: LogLine, window: TimeWindow): LogLine | string {
  const fault = timeFault(line.atMs, window);
  if (fault) return fault;
  if (line.body.length + charactersOf(line.attributes) > MAX_RECORD_CHARACTERS) return TOO_LARGE;
  return isInOrder(line) ? line : mended(line);
}

function isInOrder({ traceId, spanId, severity }: LogLine): boolean {
  return (
    (traceId === undefined || TRACE_ID.test(traceId)) &&
    (spanId === undefined || SPAN_ID.test(spanId)) &&
    Number.isInteger(severity) &&
    severity >= 0 &&
    severity <= MAX_SEVERITY
  );
}

function mended({ traceId, spanId, severity, ...rest }: LogLine): LogLine {
  const knownTrace = traceId?.toLowerCase();
  const knownSpan = spanId?.toLowerCase();
  return {
    ...rest,
    severity: severity >= 0 && severity <= MAX_SEVERITY ? Math.floor(severity) : 0,
    ...(knownTrace && TRACE_ID.test(knownTrace) && { traceId: knownTrace }),
    ...(knownSpan && SPAN_ID.test(knownSpan) && { spanId: knownSpan }),
  };
}

/** Why the span is not stored. */
export function spanFault(span: SpanRecord, window: TimeWindow): string | undefined {
  const fault = timeFault(startMsOf(span), window);
  if (fault) return fault;
  if (!TRACE_ID.test(span.traceId) || !SPAN_ID.test(span.spanId))
    return 'the ids of a span are not 32 and 16 lower-case hexadecimal digits';
  if (!(span.durationNs >= 0 && Number.isFinite(span.durationNs)))
    return 'the duration of a span is negative or no number';
  let characters = span.name.length + charactersOf(span.attributes);
  for (const { name, attributes } of span.events) characters += name.length + charactersOf(attributes);
  return characters > MAX_RECORD_CHARACTERS ? TOO_LARGE : undefined;
}

function charactersOf(attributes: Labels): number {
  let characters = 0;
  for (const name in attributes) characters += name.length + attributes[name]!.length;
  return characters;
}
