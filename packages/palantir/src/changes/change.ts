/** What people and machines changed: the first suspect when something breaks. */

export const CHANGE_KINDS = [
  'deploy',
  'rollback',
  'flag',
  'configuration',
  'scale',
  'restart',
  'rules',
  /** Injected on purpose. */
  'fault',
  /** A migration, or a restore. */
  'data',
] as const;

export type ChangeKind = (typeof CHANGE_KINDS)[number];

export interface Change {
  /** Grows with time. */
  readonly id: number;
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number;
  readonly kind: ChangeKind;
  readonly service?: string;
  /** One line, such as `tax: a41f → b772`. */
  readonly title: string;
  readonly detail?: string;
  readonly author?: string;
}

export interface ChangeLog {
  /** @throws INVALID_INPUT where a text is too long */
  add(change: Omit<Change, 'id'>): Change;
  /** Newest first. */
  list(filter: { fromMs: number; toMs: number; service?: string; limit?: number }): readonly Change[];
}
