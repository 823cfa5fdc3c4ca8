/** What one request may hold. Beyond these something is refused, cut or left out, and what is refused is counted with its reason. */

/** Of one request, after decompression. A longer one is refused whole (PAYLOAD_TOO_LARGE). */
export const MAX_REQUEST_BYTES: number = 16 * 1_048_576;
/** Samples, log lines and spans together of one request; more are refused. */
export const MAX_ITEMS = 250_000;

/** Of one series, without its name. A sample with more is refused: without some of its labels it would be another series. */
export const MAX_LABELS = 64;
export const MAX_NAME_LENGTH = 200;
export const MAX_LABEL_VALUE_LENGTH = 1_024;
/** Of a classic histogram or a summary. */
export const MAX_BUCKETS = 256;

/** Of one point; one for each bucket is common. */
export const MAX_EXEMPLARS: number = MAX_BUCKETS;
/** Of all labels of one exemplar, names and values: twice what OpenMetrics allows. */
export const MAX_EXEMPLAR_CHARACTERS = 256;

/** Of one span, log line or span event. What comes after is left out, and how many in `dropped_attributes_count`. */
export const MAX_ATTRIBUTES = 128;
/** A longer value is cut; a stack trace has to fit. */
export const MAX_ATTRIBUTE_LENGTH: number = 16 * 1_024;
export const MAX_BODY_LENGTH: number = 64 * 1_024;
export const MAX_SPAN_NAME_LENGTH = 1_024;
export const MAX_SPAN_EVENTS = 128;
export const MAX_SPAN_LINKS = 128;
/** Lists and maps within a value; what lies deeper is written as TOO_DEEP. */
export const MAX_NESTING = 8;

/** Older than any retention. */
export const MAX_BEHIND_MS: number = 400 * 86_400_000;

/** Kinds of reasons that one answer lists. */
export const MAX_REASONS = 32;
/** Of the example that a reason shows. */
export const MAX_EXAMPLE_LENGTH = 100;
