/** What the store takes and how much it holds at a time. Sizes of labels, attributes and bodies are those of the decoders. */
import { MAX_LABEL_VALUE_LENGTH, MAX_LABELS, MAX_NAME_LENGTH } from '../decode/limits.ts';

export { MAX_LABEL_VALUE_LENGTH, MAX_LABELS, MAX_NAME_LENGTH };

export const DAY_MS = 86_400_000;
/** Of all texts of one log line, or of one span with its events. */
export const MAX_RECORD_CHARACTERS = 1_048_576;

/** Of one day, where the options say nothing else: beyond these new series are refused, known ones go on. */
export const DEFAULT_MAX_SERIES = 200_000;
export const DEFAULT_MAX_SERIES_PER_METRIC = 10_000;

/** Requests and bytes that wait for the writer. More are refused with RESOURCE_EXHAUSTED. */
export const MAX_QUEUED_REQUESTS = 1_000;
export const MAX_QUEUED_BYTES: number = 64 * 1_048_576;
/** Reads at a time. */
export const MAX_READS = 64;
/** A read that takes longer ends with DEADLINE_EXCEEDED. */
export const READ_TIMEOUT_MS = 30_000;
/** Spans of one answer to who passes them on; a read that would give more ends with RESOURCE_EXHAUSTED. */
export const MAX_ENDED_SPANS = 50_000;
/** Points of one answer, 160 MB; a read that would give more ends with RESOURCE_EXHAUSTED. */
export const MAX_SELECTED_POINTS = 10_000_000;
/** Names of labels, values or series of one answer. */
export const MAX_LISTED = 100_000;
/** Lines or traces of one search. */
export const MAX_SEARCH_LIMIT = 10_000;
/** Kinds of reasons of one answer, and of those that are counted. */
export const MAX_REASONS = 64;
