/** The tasks of a Swarm as what runs in its slots. Swarm keeps tasks that are over beside those that run, and goes on calling tasks of a
 * dead node running; so of each slot the newest task counts, and one on a node that is down is taken for stopped. Pure functions. */
import type { InstanceHealth, SwarmInstance } from '../../swarm/swarm-state.ts';
import { versionOf } from './container-identity.ts';
import type { SwarmNodeEntry, SwarmServiceEntry, SwarmTaskEntry } from './docker-answers.ts';

/** States of tasks in the order in which they pass through them.
 * https://docs.docker.com/engine/swarm/how-swarm-mode-works/swarm-task-states/ */
const BEFORE_RUNNING = new Set([
  'new',
  'allocated',
  'pending',
  'assigned',
  'accepted',
  'preparing',
  'ready',
  'starting',
]);
const ENDED_BY_ITSELF = new Set(['failed', 'rejected']);

/** What is known of a task's container beyond what Swarm says. */
export interface KnownHealth {
  readonly health: InstanceHealth;
  readonly detail?: string;
}

export interface PlacedInstance extends SwarmInstance {
  readonly nodeId: string;
  /** It serves now. */
  readonly isReady: boolean;
}

/** @param healthOf by the name of the task's container, which Swarm does not tell */
export function instancesOf(
  tasks: readonly SwarmTaskEntry[],
  services: ReadonlyMap<string, SwarmServiceEntry>,
  nodes: ReadonlyMap<string, SwarmNodeEntry>,
  healthOf: (containerName: string) => KnownHealth | undefined,
): PlacedInstance[] {
  const instances: PlacedInstance[] = [];
  for (const slotTasks of slots(tasks).values()) {
    const [newest] = slotTasks;
    const service = services.get(newest!.ServiceID);
    if (!service) continue; // It was removed, and its tasks go.
    const placed = slotTasks.map((task) => instanceOf(task, service, nodes, healthOf));
    const [shown] = placed;
    if (!isShown(newest!, shown!)) continue;
    // During a rollout that starts the new one first, the old one serves until then.
    instances.push({ ...shown!, isReady: placed.some(({ isReady }) => isReady) });
  }
  return instances;
}

/** Newest first. Global services have no slots, but one task on each node. */
function slots(tasks: readonly SwarmTaskEntry[]): Map<string, SwarmTaskEntry[]> {
  const found = new Map<string, SwarmTaskEntry[]>();
  for (const task of tasks) {
    const key = `${task.ServiceID} ${task.Slot || task.NodeID}`;
    const known = found.get(key);
    if (known) known.push(task);
    else found.set(key, [task]);
  }
  for (const list of found.values()) list.sort((a, b) => (a.CreatedAt < b.CreatedAt ? 1 : -1));
  return found;
}

function instanceOf(
  task: SwarmTaskEntry,
  { Spec }: SwarmServiceEntry,
  nodes: ReadonlyMap<string, SwarmNodeEntry>,
  healthOf: (containerName: string) => KnownHealth | undefined,
): PlacedInstance {
  const { ID, Slot, NodeID = '', DesiredState, Status } = task;
  const node = nodes.get(NodeID);
  const place = Slot || NodeID;
  const known = stateOf(task, node, healthOf(`${Spec.Name}.${place}.${ID}`));
  const isWanted = DesiredState === 'running' || BEFORE_RUNNING.has(DesiredState);
  return {
    id: ID,
    service: Spec.Name,
    slot: Slot || 1,
    version: versionOf(task.Spec.ContainerSpec?.Image ?? ''),
    health: known.health,
    isWanted: isWanted || (ENDED_BY_ITSELF.has(Status.State) && DesiredState === 'shutdown'),
    startedAtMs: Date.parse(Status.State === 'running' ? Status.Timestamp : task.CreatedAt),
    ...(known.detail !== undefined && { detail: known.detail }),
    nodeId: NodeID,
    isReady: DesiredState === 'running' && known.health === 'healthy',
  };
}

/** A running task counts as healthy until somebody knows better: Swarm calls it so only once its first health check has passed. */
function stateOf(
  { Status, DesiredState }: SwarmTaskEntry,
  node: SwarmNodeEntry | undefined,
  known: KnownHealth | undefined,
): KnownHealth {
  if (node && node.Status.State !== 'ready')
    return { health: 'stopped', detail: `the node ${hostOf(node)} is ${node.Status.State}` };
  if (Status.State === 'running') return known ?? { health: 'healthy' };
  const detail = Status.Err || Status.Message;
  if (!BEFORE_RUNNING.has(Status.State)) return { health: 'stopped', ...(detail && { detail }) };
  // A task that cannot be placed says why while it waits.
  const waits =
    Status.Err || (Status.State === 'pending' && DesiredState === 'running' ? Status.Message : undefined);
  return { health: 'starting', ...(waits && { detail: waits }) };
}

/** What was to end and has ended is not shown: scaled down, completed, or of an earlier placement. */
function isShown({ Status }: SwarmTaskEntry, { isWanted }: SwarmInstance): boolean {
  return isWanted ? Status.State !== 'complete' : Status.State === 'running';
}

export function hostOf({ ID, Description }: SwarmNodeEntry): string {
  return Description?.Hostname || ID;
}
