/** The health of the containers of one engine, which Swarm does not tell of: from the engine's list, and for those that are unhealthy the
 * last output of their check. */
import { identityOf } from './container-identity.ts';
import type { ContainerEntry, ContainerInspect } from './docker-answers.ts';
import type { DockerEngine } from './docker-engine.ts';
import type { KnownHealth } from './swarm-tasks.ts';

const MAX_DETAIL_CHARACTERS = 300;

/** By the container's name. Containers that ended well, or never began, are not in it. */
export async function healthOfOwn(
  engine: DockerEngine,
  containers: readonly ContainerEntry[],
  signal: AbortSignal,
): Promise<Map<string, KnownHealth>> {
  const known = new Map<string, KnownHealth>();
  for (const entry of containers) {
    const health = healthIn(entry);
    if (!health) continue;
    const isBad = health.health === 'unhealthy';
    const output = isBad ? await lastOutput(engine, entry.Id, signal) : undefined;
    known.set(identityOf(entry).name, output ? { ...health, detail: output } : health);
  }
  return known;
}

function healthIn({ State, Status }: ContainerEntry): KnownHealth | undefined {
  switch (State) {
    case 'running':
      if (Status.includes('(unhealthy)')) return { health: 'unhealthy', detail: 'its health check fails' };
      return { health: Status.includes('(health: starting)') ? 'starting' : 'healthy' };
    case 'restarting':
      return { health: 'starting', detail: Status };
    case 'paused':
      return { health: 'unhealthy', detail: 'it is paused' };
    case 'exited':
    case 'dead':
      return Status.startsWith('Exited (0)') ? undefined : { health: 'stopped', detail: Status };
    default:
      return undefined;
  }
}

async function lastOutput(
  engine: DockerEngine,
  id: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const { State } = await engine.get<ContainerInspect>(`/containers/${id}/json`, signal);
    return (
      State.Health?.Log?.at(-1)?.Output.trim().slice(0, MAX_DETAIL_CHARACTERS).toWellFormed() || undefined
    );
  } catch {
    return undefined; // It was removed meanwhile.
  }
}
