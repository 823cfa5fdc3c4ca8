/** The life of an incident: it opens, alerts join it, it is resolved, and opens again when what raised it comes back soon. Each step writes
 * the incident, its timeline and the message of it. All within the transaction of the caller. */
import type { Alert } from '../alerts/alert.ts';
import type { Flow } from '../live/wall-state.ts';
import { durationText } from '../notify/wording.ts';
import type { OnCall } from '../oncall/on-call.ts';
import type { IncidentRow, IncidentTable } from './incident-table.ts';
import { edgesAround } from './reach.ts';
import type { Sightings } from './sightings.ts';
import type { Teller } from './teller.ts';

export interface Lifecycle {
  open(alerts: readonly Alert[], atMs: number): void;
  /** Told only where an alert was not among its alerts before. */
  join(incident: IncidentRow, alerts: readonly Alert[], atMs: number): void;
  /** Nobody is woken anew; where nobody had acknowledged it the clock of escalation runs again. */
  reopen(incident: IncidentRow, alerts: readonly Alert[], atMs: number): void;
  /** One of its alerts is over. */
  calm(id: number, alert: Alert, atMs: number): void;
  /** Does nothing when it is resolved already. @param by who did it by hand */
  close(id: number, atMs: number, by?: string): void;
}

export interface LifecycleOptions {
  readonly table: IncidentTable;
  readonly sightings: Sightings;
  readonly flows: () => readonly Flow[];
  readonly tell: Teller;
  readonly onCall?: Pick<OnCall, 'begin' | 'end'>;
}

export function createLifecycle({ table, sightings, flows, tell, onCall }: LifecycleOptions): Lifecycle {
  function include(row: IncidentRow, alerts: readonly Alert[]): void {
    const services = [...new Set([...row.services, ...servicesOf(alerts)])];
    const edges = edgesAround(services, row.edges, flows());
    const beganMs = Math.min(row.beganMs, ...alerts.map(({ sinceMs }) => sinceMs));
    table.save({ ...row, services, edges, beganMs });
    for (const alert of alerts) table.putAlert(row.id, alert, true);
  }

  function noteAlert(id: number, kind: 'joined' | 'alert-resolved', alert: Alert, atMs: number): void {
    const { summary: text, service } = alert;
    table.note(id, { atMs, kind, text, ...(service !== '' && { service }) });
  }

  return {
    open(alerts, atMs) {
      const row = table.add({
        ...{ title: alerts[0]!.summary, state: 'open', services: [], edges: [], owner: null },
        ...{ beganMs: atMs, openedMs: atMs, pagedMs: atMs, acknowledgedMs: null, resolvedMs: null },
      });
      include(row, alerts);
      table.note(row.id, { atMs, kind: 'opened', text: row.title });
      for (const alert of alerts.slice(1)) noteAlert(row.id, 'joined', alert, atMs);
      const recipient = onCall?.begin(row.id, atMs);
      tell(row.id, { reason: 'opened', atMs, ...(recipient && { recipient }) });
    },

    join(row, alerts, atMs) {
      const fresh = alerts.find(({ id }) => !table.hasAlert(row.id, id));
      include(row, alerts);
      for (const alert of alerts) noteAlert(row.id, 'joined', alert, atMs);
      if (fresh) tell(row.id, { reason: 'joined', atMs, title: fresh.summary });
    },

    reopen(row, alerts, atMs) {
      const state = row.acknowledgedMs === null ? 'open' : 'acknowledged';
      include({ ...row, state, resolvedMs: null }, alerts);
      table.forgetSeen(row.id);
      table.note(row.id, { atMs, kind: 'reopened', text: alerts[0]!.summary });
      const recipient = state === 'open' ? onCall?.begin(row.id, atMs) : undefined;
      tell(row.id, { reason: 'reopened', atMs, ...(recipient && { recipient }) });
    },

    calm(id, alert, atMs) {
      table.putAlert(id, alert, false);
      if (table.get(id)!.state !== 'resolved') noteAlert(id, 'alert-resolved', alert, atMs);
    },

    close(id, atMs, by) {
      const row = table.get(id)!;
      if (row.state === 'resolved') return;
      const resolved: IncidentRow = { ...row, state: 'resolved', resolvedMs: Math.round(atMs) };
      table.save(resolved);
      for (const entry of sightings.entries(resolved, atMs)) table.note(id, entry);
      const who = by !== undefined && { by };
      const text = `after ${durationText(atMs - row.openedMs)}${who ? ', by hand' : ''}`;
      table.note(id, { atMs, kind: 'resolved', text, ...who });
      onCall?.end(id);
      tell(id, { reason: 'resolved', atMs, ...who });
      table.prune(atMs);
    },
  };
}

function servicesOf(alerts: readonly Alert[]): string[] {
  return [...new Set(alerts.map(({ service }) => service).filter((service) => service !== ''))];
}
