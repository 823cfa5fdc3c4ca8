/** How services do, in a word: by how many of their instances are ready, what they answer, what their callers see of them, and the alerts
 * about them. What callers see counts, because a service that hangs answers nothing that it could count itself; and so does what has
 * begun and does not end. */
import type { Alert } from '../alerts/alert.ts';
import type { SwarmService } from '../swarm/swarm-state.ts';
import { type Stall, stallInWords } from './stalls.ts';
import type { ServiceTraffic } from './traffic.ts';
import type { Flow, ServiceState, ServiceSummary } from './wall-state.ts';

/** A service is degraded above this share of failures. */
const DEGRADED_SHARE = 0.01;
/** And where one call of twenty of a caller takes longer. Not those of the edge: streams are among them, which last. */
const SLOW_MS = 2_000;
const EDGE = 'edge';
const NO_TRAFFIC: ServiceTraffic = { requestsPerSecond: 0, errorShare: 0, p50Ms: 0, p95Ms: 0 };

export interface Seen {
  readonly traffic: ReadonlyMap<string, ServiceTraffic>;
  readonly history: ReadonlyMap<string, readonly number[]>;
  readonly flows: readonly Flow[];
  readonly stalls: readonly Stall[];
  readonly alerts: readonly Alert[];
}

export function summariesOf(services: readonly SwarmService[], seen: Seen): ServiceSummary[] {
  return services.map((service) => {
    const { name, kind, wanted, ready, restarts, versions } = service;
    const now = seen.traffic.get(name) ?? NO_TRAFFIC;
    const [state, detail] = judge(service, now, seen);
    return {
      ...{ name, kind, state, wanted, ready, restarts },
      ...(detail !== undefined && { detail }),
      ...now,
      version: versions.at(-1) ?? '',
      history: seen.history.get(name) ?? [],
    };
  });
}

function judge(
  { name, wanted, ready }: SwarmService,
  { errorShare }: ServiceTraffic,
  { flows, stalls, alerts }: Seen,
): [state: ServiceState, detail?: string] {
  if (wanted > 0 && ready === 0) return ['down', 'no instance is ready'];
  const alert = alerts.find((one) => one.service === name && isRaised(one));
  if (alert) return ['degraded', alert.summary];
  const stall = stalls.find(({ service }) => service === name);
  if (stall) return ['degraded', stallInWords(stall)];
  const failing = flows
    .filter((flow) => flow.to === name && flow.errorShare > DEGRADED_SHARE)
    .sort((a, b) => b.errorShare - a.errorShare)[0];
  if (failing) return ['degraded', `${percent(failing.errorShare)} of the calls of ${failing.from} fail`];
  const slow = flows.find(({ from, to, p95Ms }) => to === name && from !== EDGE && p95Ms > SLOW_MS);
  if (slow)
    return [
      'degraded',
      `one call of twenty of ${slow.from} takes ${(slow.p95Ms / 1_000).toFixed(1)} s or longer`,
    ];
  if (errorShare > DEGRADED_SHARE) return ['degraded', `${percent(errorShare)} of its answers are failures`];
  if (ready < wanted) return ['degraded', `${ready} of ${wanted} instances are ready`];
  return ['ok'];
}

function isRaised({ state, severity, mutedBy }: Alert): boolean {
  return state === 'firing' && severity !== 'info' && mutedBy === undefined;
}

function percent(share: number): string {
  return `${Math.max(1, Math.round(share * 100))} %`;
}
