/** What is told to people: once of an opening, then what becomes of it. */
import type { Alert, Severity } from '../alerts/alert.ts';
import type { Change } from '../changes/change.ts';
import type { IncidentState } from '../live/wall-state.ts';
import type { Person } from '../oncall/rota-settings.ts';

export type Reason =
  /** Of incidents. */
  | 'opened'
  | 'joined'
  | 'escalated'
  | 'acknowledged'
  | 'assigned'
  | 'noted'
  | 'reopened'
  /** Of alerts that make no incident. */
  | 'firing'
  | 'changed'
  | 'flapping'
  /** Of both. */
  | 'repeat'
  | 'resolved'
  /** In the place of messages that the queue had no room for. */
  | 'folded'
  /** Somebody tries the notifier. */
  | 'test';

export interface Message {
  /** Unique among all messages of all Palantirs; receivers that know it drop doubles. */
  readonly key: string;
  /** What belongs together: an incident, or the alerts of one rule and service. */
  readonly thread: string;
  readonly reason: Reason;
  readonly severity: Severity;
  readonly atMs: number;
  /** One line: what is wrong. */
  readonly title: string;
  readonly services: readonly string[];
  readonly rule: string;
  /** At most MAX_ALERTS; how many more there are. */
  readonly alerts: readonly Alert[];
  readonly moreAlerts: number;
  readonly incident?: {
    readonly id: number;
    readonly state: IncidentState;
    readonly openedAtMs: number;
    readonly resolvedAtMs?: number;
    readonly owner?: string;
    readonly suspect?: Change;
  };
  /** Who did it, and what was said. */
  readonly by?: string;
  readonly text?: string;
  /** Who is to see to it. */
  readonly recipient?: Person;
  /** How many messages this one stands for. */
  readonly folded?: number;
}

/** Of one message: a pager needs to know that it is bad, not all that is. */
export const MAX_ALERTS = 20;
const MAX_EVIDENCE = 3;
const MAX_EVIDENCE_CHARACTERS = 500;

/** As many as a message takes, with little of their evidence. */
export function alertsOf(alerts: readonly Alert[]): Pick<Message, 'alerts' | 'moreAlerts'> {
  return {
    alerts: alerts.slice(0, MAX_ALERTS).map((alert) => ({
      ...alert,
      evidence: alert.evidence.slice(0, MAX_EVIDENCE).map((line) => line.slice(0, MAX_EVIDENCE_CHARACTERS)),
    })),
    moreAlerts: Math.max(0, alerts.length - MAX_ALERTS),
  };
}

/** Whether it begins something: such a message goes by the routes, later ones to who was told of the beginning. */
export function isBeginning({ reason }: Message): boolean {
  return reason === 'opened' || reason === 'firing' || reason === 'flapping';
}

/** Whether it adds to what somebody was told, and says nothing to others. */
export function isUpdate({ reason }: Message): boolean {
  return UPDATES.has(reason);
}

/** Whether it may not be lost among many: it says that something begins to be broken, or is whole again. */
export function isEssential({ incident, reason }: Message): boolean {
  return incident !== undefined && !UPDATES.has(reason);
}

const UPDATES: ReadonlySet<Reason> = new Set(['joined', 'acknowledged', 'assigned', 'noted', 'changed']);
