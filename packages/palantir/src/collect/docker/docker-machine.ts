/** The containers of one engine as what runs on a machine, where there is no Swarm. */
import type { SwarmInstance, SwarmState } from '../../swarm/swarm-state.ts';
import type { MachineShares } from '../node/machine.ts';
import { identityOf } from './container-identity.ts';
import type { ContainerEntry } from './docker-answers.ts';
import type { KnownHealth } from './swarm-tasks.ts';

/** Each container is an instance of its Compose service, or of its own name. @param own by the names of containers */
export function machineState(
  containers: readonly ContainerEntry[],
  own: ReadonlyMap<string, KnownHealth>,
  machine: { readonly name: string; readonly atMs: number; readonly shares: MachineShares },
): SwarmState {
  const { name, atMs, shares } = machine;
  const instances: SwarmInstance[] = [];
  for (const entry of containers) {
    const identity = identityOf(entry);
    const known = own.get(identity.name);
    // Stopped without an error is what it should be.
    if (!known) continue;
    const { service, slot, version } = identity;
    instances.push({
      ...{ id: entry.Id, service, slot, version, ...known },
      isWanted: known.health !== 'stopped',
      startedAtMs: entry.Created * 1_000,
    });
  }
  const services = Map.groupBy(instances, ({ service }) => service);
  return {
    atMs,
    nodes: [{ name, role: 'machine', ...shares, seenAtMs: atMs, instances: instances.sort(byPlace) }],
    services: [...services].map(([service, its]) => ({
      name: service,
      kind: 'container',
      wanted: its.filter(({ isWanted }) => isWanted).length,
      ready: its.filter(({ health }) => health === 'healthy').length,
      versions: versionsOf(its),
      restarts: 0,
    })),
  };
}

/** The newest last. */
export function versionsOf(instances: readonly SwarmInstance[]): string[] {
  const sorted = [...instances].sort((a, b) => a.startedAtMs - b.startedAtMs);
  return [...new Set(sorted.map(({ version }) => version).reverse())].reverse();
}

export function byPlace(a: SwarmInstance, b: SwarmInstance): number {
  return a.service < b.service ? -1 : a.service > b.service ? 1 : a.slot - b.slot;
}
