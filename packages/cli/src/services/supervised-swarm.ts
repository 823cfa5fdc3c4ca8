/** What `goblin up` runs on this machine, as Palantir shows it. How busy the machine is, its agent adds. */
import { controlClient, type EngineStatus, type InstanceStatus } from '@goblin/deploy';
import type { InstanceHealth, SwarmInstance, SwarmService, SwarmSource } from '@goblin/palantir';

type Service = EngineStatus['services'][number];

export function supervisedSwarm(dataFolder: string, node: string): SwarmSource {
  const control = controlClient(dataFolder);
  return {
    name: 'goblin up',
    async read() {
      const { services } = await control.status();
      const atMs = Date.now();
      return {
        atMs,
        nodes: [
          {
            name: node,
            role: 'machine',
            seenAtMs: atMs,
            instances: services.flatMap(instancesOf),
          },
        ],
        services: services.map(serviceOf),
      };
    },
  };
}

function serviceOf({ service, kind, wanted, ready, restarts, instances }: Service): SwarmService {
  const inOrder = [...instances].sort((a, b) => a.startedAt - b.startedAt);
  const versions = [...new Set(inOrder.map(({ version }) => version))];
  const shown = kind === 'program' || kind === 'edge' ? kind : 'service';
  return { name: service, kind: shown, wanted, ready, versions, restarts };
}

function instancesOf(service: Service): SwarmInstance[] {
  const { service: name, wanted, instances, detail } = service;
  const shown = instances.map((instance) => ({
    id: instance.instance,
    service: name,
    slot: instance.slot,
    version: instance.version,
    health: healthOf(instance),
    isWanted: instance.state !== 'draining',
    startedAtMs: instance.startedAt,
    ...(instance.pid !== undefined && { pid: instance.pid }),
    ...(instance.problem !== undefined && { detail: instance.problem }),
  }));
  const filled = new Set(instances.map(({ slot }) => slot));
  const empty = Array.from({ length: wanted }, (_, i) => i + 1).filter((slot) => !filled.has(slot));
  return [
    ...shown,
    ...empty.map((slot) => ({
      id: `${name}-${slot}`,
      service: name,
      slot,
      version: '',
      health: 'stopped' as const,
      isWanted: true,
      startedAtMs: 0,
      detail: detail ?? 'it waits to be started again',
    })),
  ];
}

function healthOf({ state, problem }: InstanceStatus): InstanceHealth {
  if (state === 'starting') return 'starting';
  if (state === 'ended') return 'stopped';
  return state === 'hanging' || problem !== undefined ? 'unhealthy' : 'healthy';
}
