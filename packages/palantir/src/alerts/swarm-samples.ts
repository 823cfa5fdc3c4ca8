/** The swarm as series, so that rules can ask for it in PromQL. What is known of services carries the time at which they were looked at,
 * so a look that has grown old is not passed off as new; the age of nodes is that of now. */
import type { Sample } from '../model.ts';
import type { SwarmState } from '../swarm/swarm-state.ts';

/** @param nowMs milliseconds since the Unix epoch; by default the time of the look */
export function swarmSamples({ atMs, services, nodes }: SwarmState, nowMs: number = atMs): Sample[] {
  const ofServices = services.flatMap(({ name: service, ready, wanted, restarts }) => [
    { series: { __name__: 'palantir_service_ready', service }, atMs, value: ready },
    { series: { __name__: 'palantir_service_wanted', service }, atMs, value: wanted },
    { series: { __name__: 'palantir_service_restarts_total', service }, atMs, value: restarts },
  ]);
  const ofNodes = nodes.map(({ name: node, seenAtMs }) => ({
    series: { __name__: 'palantir_node_seen_seconds', node },
    atMs: nowMs,
    value: Math.max(0, nowMs - seenAtMs) / 1_000,
  }));
  return [...ofServices, ...ofNodes];
}
