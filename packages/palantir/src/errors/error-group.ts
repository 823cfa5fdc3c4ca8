/** The words of error groups: failing log lines that have one cause, as far as their fingerprints tell. */
import type { LogLine } from '../model.ts';

/** `ignored` ones are counted and never told. */
export type ErrorState = 'open' | 'resolved' | 'ignored';

export interface ErrorSample {
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number;
  readonly service: string;
  readonly version?: string;
  readonly message: string;
  readonly traceId?: string;
  readonly spanId?: string;
}

export interface ErrorGroup {
  /** `v1:` and 16 hex digits. */
  readonly fingerprint: string;
  /** The type of the error, with its code where it has one; empty where the line carried none. */
  readonly type: string;
  /** One line, from the first that was seen. */
  readonly title: string;
  /** Why lines were put together, in a sentence. */
  readonly why: string;
  readonly state: ErrorState;
  readonly count: number;
  /** By the lines' own times. */
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** When it was new here: when it was first taken in, or came back after it was resolved; and where. */
  readonly newAtMs: number;
  readonly newIn: { readonly service: string; readonly version?: string };
  /** It came back in another version than those it was resolved in. */
  readonly isRegression: boolean;
  /** Newest last; what goes beyond their limits is not listed. */
  readonly services: readonly string[];
  readonly versions: readonly string[];
  /** Of the newest line that had one. */
  readonly stack?: string;
  /** Newest first. */
  readonly samples: readonly ErrorSample[];
  /** Where somebody has decided about it: who, when, and the version that has the remedy. */
  readonly decision?: { readonly by: string; readonly atMs: number; readonly fixedIn?: string };
}

export interface ErrorGroups extends Disposable {
  /** Takes what is of severity ERROR and above from lines that are kept. Never throws for what a line says.
   * @throws what the state database throws */
  take(lines: readonly LogLine[]): void;
  /** Those seen last first. */
  list(filter?: {
    readonly state?: ErrorState;
    readonly service?: string;
    readonly limit?: number;
  }): readonly ErrorGroup[];
  /** @throws NOT_FOUND, as the next three */
  get(fingerprint: string): ErrorGroup;
  /** @param fixedIn the version that has the remedy: older ones may go on failing without opening it again */
  resolve(fingerprint: string, by: string, fixedIn?: string): ErrorGroup;
  ignore(fingerprint: string, by: string): ErrorGroup;
  reopen(fingerprint: string, by: string): ErrorGroup;
  /** Open groups that became new at this time or later. */
  newSince(ms: number): readonly ErrorGroup[];
}
