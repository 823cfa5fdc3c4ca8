/** The words of incidents. */
import type { Alert } from '../alerts/alert.ts';
import type { Change } from '../changes/change.ts';
import type { IncidentSummary } from '../live/wall-state.ts';

export type EntryKind =
  | 'opened'
  /** An alert came to it, comes and goes, or is resolved. */
  | 'joined'
  | 'flapping'
  | 'alert-resolved'
  /** Seen meanwhile: what was changed, and errors that were new. */
  | 'change'
  | 'error'
  /** What people did. */
  | 'acknowledged'
  | 'assigned'
  | 'noted'
  /** Nobody answered, so the next one was told. */
  | 'escalated'
  | 'resolved'
  | 'reopened';

export interface TimelineEntry {
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number;
  readonly kind: EntryKind;
  /** One line, except of notes. */
  readonly text: string;
  readonly service?: string;
  readonly by?: string;
  readonly change?: Change;
}

export interface Incident extends IncidentSummary {
  /** When the first of its alerts began to hold. */
  readonly beganAtMs: number;
  readonly acknowledgedAtMs?: number;
  /** Of all its alerts, the newest state; those that fire first. */
  readonly alerts: readonly Alert[];
  /** Oldest first. */
  readonly timeline: readonly TimelineEntry[];
}
