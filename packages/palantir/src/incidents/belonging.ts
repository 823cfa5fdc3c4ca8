/** To which open incident an alert belongs, so that one cause is one page: to one of the same service; else to one whose services it calls
 * or is called by; else to one that began at about the same time. Of several the newest. */
import type { Alert } from '../alerts/alert.ts';
import type { IncidentRow } from './incident-table.ts';
import { type Edge, neighboursOf } from './reach.ts';

export const SAME_TIME_MS: number = 2 * 60_000;
/** When so many are open, what comes joins the newest: nobody reads that many pages. */
export const MAX_OPEN = 30;

/** @param open newest first @param edges calls that are seen now */
export function incidentFor(
  alert: Alert,
  open: readonly IncidentRow[],
  edges: readonly Edge[],
): IncidentRow | undefined {
  const { service, sinceMs } = alert;
  return (
    open.find(({ services }) => service !== '' && services.includes(service)) ??
    open.find(({ services, edges: known }) => neighboursOf(services, [...known, ...edges]).has(service)) ??
    open.find(
      ({ beganMs, openedMs }) => sinceMs >= beganMs - SAME_TIME_MS && sinceMs <= openedMs + SAME_TIME_MS,
    ) ??
    (open.length >= MAX_OPEN ? open[0] : undefined)
  );
}
