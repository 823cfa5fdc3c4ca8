/** What is not told because something larger explains it. What an alert is about is said by its label `about`:
 *
 * - `errors`, `latency`, `saturation` of a service that is wholly down: its being down is told;
 * - alerts of an instance (label `instance`) on a node that is not seen: the node is told;
 * - `restarts` of a service while it is deployed: that is how a deploy goes. */
import type { ChangeLog } from '../changes/change.ts';
import type { Labels } from '../model.ts';
import type { SwarmState } from '../swarm/swarm-state.ts';

/** A node that was not heard of for so long is not seen. */
export const NODE_UNSEEN_MS = 30_000;
/** How long after it was told a deploy is in progress. */
export const DEPLOY_MS: number = 2 * 60_000;
const SYMPTOMS: ReadonlySet<string | undefined> = new Set(['errors', 'latency', 'saturation']);

/** Says by what an alert with these labels is muted, as of one moment. */
export type Inhibition = (labels: Labels) => string | undefined;

export function inhibitionAt(swarm: SwarmState, changes: ChangeLog, atMs: number): Inhibition {
  const services = new Map(swarm.services.map((service) => [service.name, service]));
  const nodeOf = new Map(
    swarm.nodes
      .filter(({ seenAtMs }) => atMs - seenAtMs > NODE_UNSEEN_MS)
      .flatMap(({ name, instances }) => instances.map(({ id }) => [id, name] as const)),
  );

  function isDeployed(service: string): boolean {
    if ((services.get(service)?.versions.length ?? 0) > 1) return true;
    const recent = changes.list({ fromMs: atMs - DEPLOY_MS, toMs: atMs, service });
    return recent.some(({ kind }) => kind === 'deploy' || kind === 'rollback');
  }

  return ({ service = '', instance = '', about }) => {
    const known = services.get(service);
    if (SYMPTOMS.has(about) && known && known.wanted > 0 && known.ready === 0) return `${service} is down`;
    const node = nodeOf.get(instance);
    if (node !== undefined) return `node ${node} is not seen`;
    if (about === 'restarts' && service && isDeployed(service)) return `${service} is being deployed`;
    return undefined;
  };
}
