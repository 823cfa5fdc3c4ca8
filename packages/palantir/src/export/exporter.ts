/** The one interface of all exporters: one portion of telemetry, one request, and what the answer means for the portion. When to send,
 * what again and what not any more is for delivery.ts, the same for all. */
import type { Labels, Matcher } from '../model.ts';
import type { Portion, Signal } from './portion.ts';

export type Outcome =
  /** But for `skipped` items, which the receiver or its format cannot take. */
  | { readonly kind: 'taken'; readonly skipped: number; readonly reason: string }
  /** Worth another try, not before `waitMs` where the receiver named a time. */
  | { readonly kind: 'later'; readonly waitMs?: number; readonly reason: string }
  /** Will not be taken like this; parts of it may be. */
  | { readonly kind: 'refused'; readonly reason: string };

export interface Exporter {
  readonly signals: readonly Signal[];
  /** Which series go out: those that one of these matches. */
  readonly selections: readonly (readonly Matcher[])[];
  /** Whether its format has room for exemplars. */
  readonly takesExemplars?: boolean;
  /** Series with the same key go into one portion: parts of a histogram, fields of one line. */
  keyOf?(labels: Labels): string;
  /** Makes one request. Does not reject, but for what `signal` aborts. */
  send(portion: Portion, signal: AbortSignal): Promise<Outcome>;
}
