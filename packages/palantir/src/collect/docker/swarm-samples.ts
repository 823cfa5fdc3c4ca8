/** What a Swarm should run and what it does, named as by Telegraf's docker plugin. */
import type { SampleList } from '../sample-list.ts';
import type { SwarmNodeEntry, SwarmServiceEntry } from './docker-answers.ts';
import { hostOf } from './swarm-tasks.ts';

export function addSwarm(
  list: SampleList,
  services: readonly SwarmServiceEntry[],
  nodes: readonly SwarmNodeEntry[],
): void {
  for (const { ID, Spec, ServiceStatus } of services) {
    const mode = Object.keys(Spec.Mode)[0]?.toLowerCase() ?? 'unknown';
    const own = list.labelled({
      service: Spec.Name,
      service_id: ID,
      service_name: Spec.Name,
      service_mode: mode,
    });
    own.add('docker_swarm_tasks_desired', ServiceStatus?.DesiredTasks);
    own.add('docker_swarm_tasks_running', ServiceStatus?.RunningTasks);
  }
  for (const node of nodes) {
    const labels = { node_name: hostOf(node), node_role: node.Spec.Role };
    list.add('docker_swarm_node_ready', node.Status.State === 'ready' ? 1 : 0, labels);
  }
}
