/** What is broken, as the wall tells it: each incident that pages and is not over, and each page that belongs to none. What nobody has
 * comes first, then the newest. */
import type { Alert } from '../../src/alerts/alert.ts';
import type { Change } from '../../src/changes/change.ts';
import type { IncidentSummary, ServiceState, WallState } from '../../src/live/wall-state.ts';

/** A change is suspected when it came at most so long before. */
const SUSPECT_MS = 3_600_000;
/** Clocks and looks are not exact: a change may be seen a little after what it caused. */
const SEEN_LATER_MS = 60_000;

export interface Trouble {
  readonly key: string;
  /** Where more is told, for who looks at the wall on a screen with a pointer. */
  readonly href: string;
  readonly title: string;
  readonly sinceMs: number;
  /** Who has it. */
  readonly owner: string | undefined;
  readonly isTaken: boolean;
  readonly suspect: Change | undefined;
  readonly services: readonly { readonly name: string; readonly state: ServiceState }[];
}

export function troublesOf(
  state: Pick<WallState, 'alerts' | 'incidents' | 'changes' | 'services'>,
): Trouble[] {
  const incidents = state.incidents.filter((one) => one.severity === 'page' && one.state !== 'resolved');
  const covered = new Set(incidents.flatMap(({ services }) => services));
  const alerts = state.alerts.filter((alert) => isPaging(alert) && !covered.has(alert.service));
  const troubles = [
    ...incidents.map((incident) => fromIncident(incident, state)),
    ...alerts.map((alert) => fromAlert(alert, state)),
  ];
  return troubles.sort(
    (a, b) => Number(a.isTaken) - Number(b.isTaken) || b.sinceMs - a.sinceMs || (a.key < b.key ? -1 : 1),
  );
}

function isPaging({ state, severity, mutedBy }: Alert): boolean {
  return state === 'firing' && severity === 'page' && mutedBy === undefined;
}

function fromIncident(
  incident: IncidentSummary,
  { services, changes }: Pick<WallState, 'services' | 'changes'>,
): Trouble {
  return {
    key: `incident ${incident.id}`,
    href: `/explore/incidents/${incident.id}`,
    title: incident.title,
    sinceMs: incident.openedAtMs,
    owner: incident.owner,
    isTaken: incident.state === 'acknowledged' || incident.owner !== undefined,
    suspect: incident.suspect ?? suspectOf(incident.openedAtMs, incident.services, changes),
    services: incident.services.map((name) => withState(name, services)),
  };
}

function fromAlert(alert: Alert, { services, changes }: Pick<WallState, 'services' | 'changes'>): Trouble {
  const named = alert.service === '' ? [] : [alert.service];
  return {
    key: `alert ${alert.id}`,
    href: '/explore/alerts',
    title: alert.summary,
    sinceMs: alert.sinceMs,
    owner: undefined,
    isTaken: false,
    suspect: suspectOf(alert.sinceMs, named, changes),
    services: named.map((name) => withState(name, services)),
  };
}

function withState(name: string, services: WallState['services']): Trouble['services'][number] {
  return { name, state: services.find((service) => service.name === name)?.state ?? 'unknown' };
}

/** The last change before it began: of what is affected, else of anything. Restarts follow from trouble more often than they cause it. */
export function suspectOf(
  sinceMs: number,
  services: readonly string[],
  changes: readonly Change[],
): Change | undefined {
  const before = changes
    .filter(
      ({ kind, atMs }) =>
        kind !== 'restart' && atMs <= sinceMs + SEEN_LATER_MS && atMs >= sinceMs - SUSPECT_MS,
    )
    .sort((a, b) => b.atMs - a.atMs);
  return before.find(({ service }) => service !== undefined && services.includes(service)) ?? before[0];
}
