/** Spans on their way to a block, and as a row of the journal. */
import type { Labels, SpanRecord } from '../../model.ts';
import { ByteReader, ByteWriter } from '../bytes.ts';
import { readTexts, writeTexts } from '../text-column.ts';
import { spansOfText, spanText } from './span-text.ts';
import { summaryOfSpan, type TraceSummary } from './trace-summary.ts';

const TRACE_ID_BYTES = 16;

export interface SpanEntry {
  readonly summary: TraceSummary;
  readonly text: string;
  /** What it can be found by: its id, name, message, the values of its attributes and those of its events. */
  readonly words: string;
}

export function spanEntry(span: SpanRecord): SpanEntry {
  return { summary: summaryOfSpan(span), text: spanText(span), words: wordsOfSpan(span) };
}

export function encodeSpanRow(entries: readonly SpanEntry[]): Buffer {
  const out = new ByteWriter();
  out.u32(entries.length);
  for (const { summary } of entries) out.bytes(Buffer.from(summary.traceId, 'hex'));
  writeTexts(
    out,
    entries.map(({ text }) => text),
  );
  return out.done();
}

/** @throws DATA_DAMAGED */
export function decodeSpanRow(bytes: Uint8Array): SpanRecord[] {
  const from = new ByteReader(bytes);
  const count = from.count();
  const traceIds = Array.from({ length: count }, () => from.take(TRACE_ID_BYTES).toString('hex'));
  return readTexts(from, count).map((text, i) => spansOfText(`[${text}]`, traceIds[i]!)[0]!);
}

function wordsOfSpan({ spanId, name, service, statusMessage, attributes, events }: SpanRecord): string {
  let words = `${spanId} ${service} ${name}${valuesOf(attributes)}`;
  if (statusMessage) words += ` ${statusMessage}`;
  for (const event of events) words += ` ${event.name}${valuesOf(event.attributes)}`;
  return words;
}

function valuesOf(attributes: Labels): string {
  let values = '';
  for (const name in attributes) values += ` ${attributes[name]}`;
  return values;
}
