/** What a wall shows, all of it, as it is sent to browsers: they keep nothing of their own that could grow old. */
import type { Alert } from '../alerts/alert.ts';
import type { Change } from '../changes/change.ts';
import type { Slo } from '../slo/slo.ts';
import type { SwarmState } from '../swarm/swarm-state.ts';

export type ServiceState = 'ok' | 'degraded' | 'down' | 'unknown';

/** How a service does now, over the last seconds. */
export interface ServiceSummary {
  readonly name: string;
  readonly kind: string;
  readonly state: ServiceState;
  /** What is wrong, where something is. */
  readonly detail?: string;
  readonly requestsPerSecond: number;
  /** From 0 to 1. */
  readonly errorShare: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly wanted: number;
  readonly ready: number;
  readonly restarts: number;
  readonly version: string;
  /** Requests per second of each of the last 30 minutes, the newest last. */
  readonly history: readonly number[];
}

/** Calls from one service to another, over the last seconds. */
export interface Flow {
  readonly from: string;
  readonly to: string;
  readonly requestsPerSecond: number;
  readonly errorShare: number;
  readonly p95Ms: number;
}

export type IncidentState = 'open' | 'acknowledged' | 'resolved';

export interface IncidentSummary {
  readonly id: number;
  readonly title: string;
  readonly severity: 'page' | 'ticket' | 'info';
  readonly state: IncidentState;
  readonly services: readonly string[];
  readonly openedAtMs: number;
  readonly resolvedAtMs?: number;
  /** Who has it. */
  readonly owner?: string;
  /** The change that is the first suspect. */
  readonly suspect?: Change;
}

/** An objective, as far as a wall shows it. */
export interface SloSummary
  extends Pick<Slo, 'name' | 'service' | 'target' | 'windowMs' | 'attained' | 'budgetLeft' | 'state'> {
  readonly id: string;
}

/** What is wrong with the newest settings: those before them are in use. */
export interface SettingsTrouble {
  readonly count: number;
  /** `palantir/rules.yaml:12:5 rules[2].for: write a duration such as 5m` */
  readonly first: string;
}

export interface WallState {
  /** Of the app model. */
  readonly app: string;
  readonly atMs: number;
  /** Of the pages that belong to this server: a page of another build loads itself anew. */
  readonly build: string;
  readonly services: readonly ServiceSummary[];
  readonly swarm: SwarmState;
  readonly flows: readonly Flow[];
  /** Pending, firing, and those resolved within the last hour. */
  readonly alerts: readonly Alert[];
  readonly incidents: readonly IncidentSummary[];
  /** Of the last day, newest first, 50 at most. */
  readonly changes: readonly Change[];
  /** The worst first, 24 at most. */
  readonly slos: readonly SloSummary[];
  /** Not there where the settings are sound. */
  readonly settingsTrouble?: SettingsTrouble;
}
