/** What was seen around an incident and nobody told it of: changes of its services and theirs, from 30 minutes before it opened, and
 * errors that were new while it was open. It is looked up whenever somebody asks, and written into the timeline when the incident ends. */
import type { Change, ChangeLog } from '../changes/change.ts';
import type { ErrorGroup } from '../errors/error-group.ts';
import type { Flow } from '../live/wall-state.ts';
import type { TimelineEntry } from './incident.ts';
import type { IncidentRow } from './incident-table.ts';
import { edgesAround, neighboursOf, relatedTo } from './reach.ts';
import { SUSPECT_MS, suspectOf } from './suspect.ts';

/** Of a timeline, the newest. */
const MAX_CHANGES = 200;
const MAX_ERRORS = 50;
const MAX_TITLE = 300;

/** New errors, as they are known elsewhere. */
export interface ErrorsSeen {
  newSince(ms: number): readonly Pick<ErrorGroup, 'title' | 'newAtMs' | 'newIn'>[];
}

export interface Sightings {
  suspect(incident: IncidentRow): Change | undefined;
  /** Of the timeline, until it is resolved or `nowMs`. */
  entries(incident: IncidentRow, nowMs: number): TimelineEntry[];
}

export function createSightings(
  changes: ChangeLog,
  flows: () => readonly Flow[],
  errors?: ErrorsSeen,
): Sightings {
  function suspect(incident: IncidentRow): Change | undefined {
    const { openedMs, beganMs, services } = incident;
    const related = relatedTo(services, edgesAround(services, incident.edges, flows()));
    const candidates = changes.list({ fromMs: openedMs - SUSPECT_MS, toMs: openedMs });
    return suspectOf(candidates, { beganMs, openedMs, related });
  }

  /** Services of its own and those next to them. */
  function around({ services, edges }: IncidentRow): Set<string> {
    return neighboursOf(services, edges).union(new Set(services));
  }

  function changesSeen(incident: IncidentRow, untilMs: number): TimelineEntry[] {
    const near = around(incident);
    const suspected = suspect(incident)?.id;
    return changes
      .list({ fromMs: incident.openedMs - SUSPECT_MS, toMs: untilMs })
      .filter(({ service, id }) => service === undefined || near.has(service) || id === suspected)
      .slice(0, MAX_CHANGES)
      .map((change) => ({
        atMs: change.atMs,
        kind: 'change',
        text: `${change.kind}: ${change.title}`.slice(0, MAX_TITLE),
        ...(change.service !== undefined && { service: change.service }),
        ...(change.author !== undefined && { by: change.author }),
        change,
      }));
  }

  function errorsSeen(incident: IncidentRow, untilMs: number): TimelineEntry[] {
    const near = around(incident);
    const fromMs = Math.min(incident.beganMs, incident.openedMs) - SUSPECT_MS;
    return (errors?.newSince(fromMs) ?? [])
      .filter(({ newAtMs, newIn }) => newAtMs <= untilMs && near.has(newIn.service))
      .slice(0, MAX_ERRORS)
      .map(({ title, newAtMs, newIn: { service, version } }) => ({
        atMs: newAtMs,
        kind: 'error',
        text: `new error: ${title}${version === undefined ? '' : ` (${version})`}`.slice(0, MAX_TITLE),
        service,
      }));
  }

  return {
    suspect,
    entries(incident, nowMs) {
      const untilMs = incident.resolvedMs ?? nowMs;
      return [...changesSeen(incident, untilMs), ...errorsSeen(incident, untilMs)];
    },
  };
}
