/** What should run, as a Compose file for Docker Swarm says it. */
import type { ServiceResources } from '../../swarm/swarm-state.ts';

export type StackMode = 'replicated' | 'global' | 'replicated-job' | 'global-job';

export interface StackHealthCheck {
  /** False where that of the image is switched off. */
  readonly isOn: boolean;
  /** `CMD` or `CMD-SHELL`, and what is run; empty where only times are given. */
  readonly test: readonly string[];
  readonly intervalMs?: number;
  readonly timeoutMs?: number;
  readonly startPeriodMs?: number;
  readonly retries?: number;
}

export interface StackPort {
  readonly target: number;
  /** Where it is reached from outside; ranges and random ones are left out. */
  readonly published?: number;
  readonly protocol: string;
}

export interface StackUpdate {
  readonly parallelism?: number;
  readonly delayMs?: number;
  readonly order?: string;
  readonly failureAction?: string;
}

export interface StackService {
  readonly name: string;
  /** Undefined where it is built, or depends on a variable that is not set here. */
  readonly image?: string;
  readonly mode: StackMode;
  /** How many should run; of global ones, one for each node. */
  readonly replicas: number;
  readonly constraints: readonly string[];
  readonly healthcheck?: StackHealthCheck;
  readonly ports: readonly StackPort[];
  readonly networks: readonly string[];
  readonly update?: StackUpdate;
  /** Not there where it says none. */
  readonly resources?: ServiceResources;
  /** Those of the service (`deploy.labels`) before those of its containers. */
  readonly labels: Readonly<Record<string, string>>;
}

export interface Stack {
  readonly file: string;
  /** Under which it is deployed: services are called `<name>_<service>` then. */
  readonly name?: string;
  readonly services: readonly StackService[];
}
