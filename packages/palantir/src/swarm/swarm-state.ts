/** What runs where: nodes, on each the instances of services, and what should run. It comes from the supervisor of a machine, or from
 * the agents of Docker's nodes, and is shown as the swarm. */

export type InstanceHealth = 'healthy' | 'starting' | 'unhealthy' | 'stopped' | 'unknown';

export interface SwarmInstance {
  readonly id: string;
  readonly service: string;
  /** From 1 on; it keeps its place when an instance is replaced. */
  readonly slot: number;
  readonly version: string;
  readonly health: InstanceHealth;
  /** Whether it should run. */
  readonly isWanted: boolean;
  /** Milliseconds since the Unix epoch. */
  readonly startedAtMs: number;
  /** Of its process, where that is on this machine. */
  readonly pid?: number;
  /** What is wrong, where something is. */
  readonly detail?: string;
}

export interface SwarmNode {
  readonly name: string;
  readonly role: 'machine' | 'manager' | 'worker';
  /** Shares from 0 to 1, where they are known. */
  readonly cpu?: number;
  readonly memory?: number;
  /** When it was heard of last. */
  readonly seenAtMs: number;
  readonly instances: readonly SwarmInstance[];
}

export interface Resources {
  readonly cpus?: number;
  readonly memoryBytes?: number;
}

/** Of each instance. What is not there is not limited, and not reserved. */
export interface ServiceResources {
  readonly limits: Resources;
  readonly reservations: Resources;
}

export interface SwarmService {
  readonly name: string;
  readonly kind: 'service' | 'program' | 'edge' | 'container';
  readonly wanted: number;
  readonly ready: number;
  /** More than one during a rollout; the newest last. */
  readonly versions: readonly string[];
  /** Since Palantir has looked. */
  readonly restarts: number;
  /** Where they are known: of Docker's Swarm, as it was told last. */
  readonly resources?: ServiceResources;
}

export interface SwarmState {
  readonly atMs: number;
  readonly nodes: readonly SwarmNode[];
  readonly services: readonly SwarmService[];
}

/** Where it comes from. */
export interface SwarmSource {
  readonly name: string;
  /** @throws what kept it from looking; what was seen before is shown as stale then */
  read(signal: AbortSignal): Promise<SwarmState>;
}
