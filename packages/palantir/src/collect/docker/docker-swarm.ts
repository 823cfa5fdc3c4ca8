/** What runs where, as Docker tells it. Asked at a manager it is the whole Swarm, with the health of containers joined in: of this machine
 * from its own engine, of others as they have told it. Asked at an engine without Swarm, or at a worker, it is the containers of this
 * machine. */
import os from 'node:os';
import { type Clock, isGoblinError } from '@goblin/core';
import type { Resources, SwarmNode, SwarmService, SwarmSource, SwarmState } from '../../swarm/swarm-state.ts';
import type { MachineShares } from '../node/machine.ts';
import type {
  ContainerEntry,
  ResourceEntry,
  SwarmNodeEntry,
  SwarmServiceEntry,
  SwarmTaskEntry,
} from './docker-answers.ts';
import { DOCKER_SOCKET, dockerEngine } from './docker-engine.ts';
import { byPlace, machineState, versionsOf } from './docker-machine.ts';
import { failureCounts } from './failure-counts.ts';
import { healthOfOwn } from './own-health.ts';
import { hostOf, instancesOf, type KnownHealth, type PlacedInstance } from './swarm-tasks.ts';
import type { ToldHealth } from './told-health.ts';

export interface DockerSwarmOptions {
  /** Default /var/run/docker.sock. */
  readonly socket?: string;
  /** This machine's name, where there is no Swarm. Default the host's name. */
  readonly node?: string;
  readonly clock: Clock;
  /** Of this machine, as its agent says. */
  readonly shares?: () => MachineShares;
  /** Of containers on other nodes. */
  readonly toldHealth?: ToldHealth;
}

export function dockerSwarm(options: DockerSwarmOptions): SwarmSource {
  const { socket = DOCKER_SOCKET, node = os.hostname(), clock, shares = () => ({}), toldHealth } = options;
  const engine = dockerEngine(clock, socket);
  const failures = failureCounts();

  async function swarm(own: ReadonlyMap<string, KnownHealth>, signal: AbortSignal): Promise<SwarmState> {
    const [nodeList, serviceList, tasks, info, healthOf] = await Promise.all([
      engine.get<SwarmNodeEntry[]>('/nodes', signal),
      engine.get<SwarmServiceEntry[]>('/services?status=true', signal),
      engine.get<SwarmTaskEntry[]>('/tasks', signal),
      engine.get<{ Swarm?: { NodeID?: string } }>('/info', signal),
      toldHealth?.read(signal),
    ]);
    const nodes = new Map(nodeList.map((one) => [one.ID, one]));
    const services = new Map(serviceList.map((one) => [one.ID, one]));
    const instances = instancesOf(tasks, services, nodes, (name) => own.get(name) ?? healthOf?.(name));
    failures.see(tasks);
    const atMs = clock.wall();
    return {
      atMs,
      nodes: nodeList.map((one) =>
        swarmNode(one, instances, atMs, one.ID === info.Swarm?.NodeID ? shares() : {}),
      ),
      services: serviceList.map((one) =>
        swarmService(
          one,
          instances.filter(({ service }) => service === one.Spec.Name),
          failures.of(one.ID),
        ),
      ),
    };
  }

  return {
    name: 'docker',
    async read(signal) {
      const containers = await engine.get<ContainerEntry[]>('/containers/json?all=1', signal);
      const own = await healthOfOwn(engine, containers, signal);
      try {
        return await swarm(own, signal);
      } catch (error) {
        if (!isGoblinError(error, 'FAILED_PRECONDITION')) throw error;
        return machineState(containers, own, { name: node, atMs: clock.wall(), shares: shares() });
      }
    },
  };
}

function swarmNode(
  node: SwarmNodeEntry,
  instances: readonly PlacedInstance[],
  atMs: number,
  shares: MachineShares,
): SwarmNode {
  return {
    name: hostOf(node),
    role: node.Spec.Role === 'manager' ? 'manager' : 'worker',
    ...shares,
    // Of a node that is gone the manager knows when it saw that.
    seenAtMs: node.Status.State === 'ready' ? atMs : Math.min(atMs, Date.parse(node.UpdatedAt)),
    instances: instances
      .filter(({ nodeId }) => nodeId === node.ID)
      .map(({ nodeId: _, isReady: __, ...instance }) => instance)
      .sort(byPlace),
  };
}

function swarmService(
  { Spec, ServiceStatus }: SwarmServiceEntry,
  instances: readonly PlacedInstance[],
  restarts: number,
): SwarmService {
  const { Replicated } = Spec.Mode;
  const { Limits, Reservations } = Spec.TaskTemplate?.Resources ?? {};
  const wanted = Replicated?.Replicas ?? ServiceStatus?.DesiredTasks;
  return {
    name: Spec.Name,
    kind: 'container',
    wanted: wanted ?? instances.filter(({ isWanted }) => isWanted).length,
    ready: instances.filter(({ isReady }) => isReady).length,
    versions: versionsOf(instances),
    restarts,
    resources: { limits: resourcesOf(Limits), reservations: resourcesOf(Reservations) },
  };
}

/** 0 is none. */
function resourcesOf(entry: ResourceEntry | null | undefined): Resources {
  const { NanoCPUs = 0, MemoryBytes = 0 } = entry ?? {};
  return {
    ...(NanoCPUs > 0 && { cpus: NanoCPUs / 1e9 }),
    ...(MemoryBytes > 0 && { memoryBytes: MemoryBytes }),
  };
}
