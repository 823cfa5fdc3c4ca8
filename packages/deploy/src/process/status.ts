/** What a supervisor says of what it runs, as plain JSON: for the table, `goblin ls` and scripts. */
import type { Traffic } from './call-window.ts';
import type { InstanceState } from './instance.ts';

export interface EngineStatus {
  /** Of the app model. */
  readonly name: string;
  readonly pid: number;
  /** Epoch ms. */
  readonly startedAt: number;
  readonly state: 'running' | 'stopping';
  readonly services: readonly ServiceStatus[];
}

/** `unhealthy` when an instance hangs or a health check of it fails; `failing` when one is started again and again. */
export type ServiceState = 'ready' | 'starting' | 'unhealthy' | 'failing' | 'stopped';

export interface ServiceStatus extends Traffic {
  readonly service: string;
  readonly kind: 'service' | 'program' | 'edge' | 'backup' | 'palantir';
  readonly state: ServiceState;
  /** What is wrong, where something is. */
  readonly detail: string | undefined;
  /** How many instances there should be, and how many are ready. */
  readonly wanted: number;
  readonly ready: number;
  /** Times an instance ended by itself and was started again. */
  readonly restarts: number;
  readonly instances: readonly InstanceStatus[];
}

export interface InstanceStatus {
  readonly instance: string;
  /** The place that it fills, from 1 on; during a replacement two are in one. */
  readonly slot: number;
  readonly pid: number | undefined;
  readonly version: string;
  readonly state: InstanceState;
  readonly url: string | undefined;
  /** Epoch ms. */
  readonly startedAt: number;
  readonly residentBytes: number | undefined;
  /** Which of its health checks fail; undefined when none does. */
  readonly problem: string | undefined;
}
