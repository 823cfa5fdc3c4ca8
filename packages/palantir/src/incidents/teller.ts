/** Writes messages about an incident to the outbox. Each has a number of its own within the incident, so that it is told once. */
import type { Change } from '../changes/change.ts';
import type { Deliveries } from '../notify/deliveries.ts';
import { alertsOf, MAX_ALERTS, type Message } from '../notify/message.ts';
import type { IncidentRow, IncidentTable } from './incident-table.ts';

type Said = Pick<Message, 'reason' | 'atMs'> & Partial<Pick<Message, 'title' | 'by' | 'text' | 'recipient'>>;

/** Within the transaction of the caller. */
export type Teller = (id: number, said: Said) => void;

export function createTeller(
  table: IncidentTable,
  sightings: { suspect(incident: IncidentRow): Change | undefined },
  deliveries: Pick<Deliveries, 'tell'>,
): Teller {
  return (id, said) => {
    const row = table.get(id)!;
    const messages = row.messages + 1;
    table.save({ ...row, messages });
    const alerts = table.alerts(id, MAX_ALERTS);
    const suspect = sightings.suspect(row);
    deliveries.tell({
      key: `incident-${id}-${messages}`,
      thread: `incident-${id}`,
      severity: 'page',
      title: row.title,
      services: row.services,
      rule: alerts[0]?.rule ?? '',
      ...alertsOf(alerts),
      moreAlerts: table.countAlerts(id) - alerts.length,
      ...said,
      incident: {
        id,
        state: row.state,
        openedAtMs: row.openedMs,
        ...(row.resolvedMs !== null && { resolvedAtMs: row.resolvedMs }),
        ...(row.owner !== null && { owner: row.owner }),
        ...(suspect && { suspect }),
      },
    });
  };
}
