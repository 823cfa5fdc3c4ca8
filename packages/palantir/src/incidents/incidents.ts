/** Notices become incidents: one for each cause, as far as can be told, so that one cause is one page.
 *
 * A page that fires opens an incident, or joins one that it belongs to (belonging.ts). One that fires again within REOPEN_MS after its
 * incident was resolved opens that again. An incident is resolved, once, when all its alerts are, or by hand; what still fires then is
 * not told again before it was resolved itself. Tickets and infos are told as they are, and make no incident.
 *
 * `accept` runs within the transaction of the alerts' states and only writes: the incident, its timeline and the messages to be
 * delivered are remembered together with what raised them, or not at all. */
import type { Clock } from '@goblin/core';
import type { Alert, AlertNotice, NoticeSink } from '../alerts/alert.ts';
import type { ChangeLog } from '../changes/change.ts';
import type { Flow, IncidentSummary } from '../live/wall-state.ts';
import type { Deliveries } from '../notify/deliveries.ts';
import { alertsOf } from '../notify/message.ts';
import type { OnCall } from '../oncall/on-call.ts';
import type { Person } from '../oncall/rota-settings.ts';
import type { StateDatabase } from '../state/state-database.ts';
import { incidentFor } from './belonging.ts';
import type { Incident } from './incident.ts';
import { type AlertOfIncident, incidentTable } from './incident-table.ts';
import { createLifecycle } from './lifecycle.ts';
import { createPeoplesActions, type PeoplesActions } from './peoples-actions.ts';
import { writeReport } from './report.ts';
import { createSightings, type ErrorsSeen } from './sightings.ts';
import { createTeller } from './teller.ts';
import { createViews } from './views.ts';

export const REOPEN_MS: number = 10 * 60_000;
/** A page that repeats is told again when nobody has acknowledged it, and it was not told aloud for so long. */
const REMIND_MS = 3_600_000;

export interface Incidents extends NoticeSink, PeoplesActions {
  /** Newest first, at most 200. */
  list(): readonly IncidentSummary[];
  /** Those that are open, and those that were resolved within the last hour. */
  summaries(): readonly IncidentSummary[];
  /** @throws NOT_FOUND */
  get(id: number): Incident;
  /** In Markdown. @throws NOT_FOUND */
  report(id: number): string;
  /** Alerts of rules that are no more are over, for the engine tells nothing of these. To be called whenever rules were set.
   * @param rules the names of those that are */
  keepRules(rules: ReadonlySet<string>): void;
  /** Tells the next person in line, where it is open still. Within the transaction of the caller. */
  escalate(id: number, person: Person): void;
}

export interface IncidentsOptions {
  readonly state: StateDatabase;
  readonly clock: Clock;
  readonly changes: ChangeLog;
  /** Who calls whom now. */
  readonly flows: () => readonly Flow[];
  readonly deliveries: Pick<Deliveries, 'tell'>;
  /** Without it nobody is named in a page, and none is escalated. */
  readonly onCall?: Pick<OnCall, 'begin' | 'end'>;
  /** For the first errors of the timeline. */
  readonly errors?: ErrorsSeen;
}

export function createIncidents(options: IncidentsOptions): Incidents {
  const { state, clock, changes, flows, deliveries, onCall, errors } = options;
  const table = incidentTable(state);
  const sightings = createSightings(changes, flows, errors);
  const tell = createTeller(table, sightings, deliveries);
  const views = createViews(table, sightings, clock);
  const life = createLifecycle({ table, sightings, flows, tell, ...(onCall && { onCall }) });

  function tellTicket(notice: AlertNotice): void {
    const { reason, rule, service, severity, atMs, alerts } = notice;
    const thread = `${severity}-${JSON.stringify([rule, service])}`;
    deliveries.tell({
      ...{ key: `${thread}-${reason}-${Math.round(atMs)}`, thread, reason, severity, atMs, rule },
      title: alerts[0]?.summary ?? rule,
      services: service === '' ? [] : [service],
      ...alertsOf(alerts),
    });
  }

  function takePage(notice: AlertNotice): void {
    const { atMs, alerts } = notice;
    const remarked = incidentsOf(alerts);
    const fresh = alerts.filter((alert) => alert.state === 'firing' && !keepsFiring(alert));
    if (fresh.length > 0) raise(fresh, atMs);
    if (notice.reason === 'repeat') for (const id of remarked) remind(id, atMs);
    if (notice.reason === 'flapping') for (const id of incidentsOf(alerts)) noteFlapping(id, notice);
    end(overWith(notice), atMs);
  }

  function end(over: readonly AlertOfIncident[], atMs: number): void {
    for (const { incident, alert } of over)
      life.calm(incident, { ...alert, state: 'resolved', resolvedAtMs: alert.resolvedAtMs ?? atMs }, atMs);
    for (const id of new Set(over.map(({ incident }) => incident)))
      if (table.isQuiet(id)) life.close(id, atMs);
  }

  /** One that fires on in an incident that was resolved by hand stays there. */
  function keepsFiring(alert: Alert): boolean {
    const known = table.ofAlert(alert.id);
    if (!known?.isActive) return false;
    table.putAlert(known.incident.id, alert, true);
    return true;
  }

  /** Alerts of one rule and service that fire anew go to one incident. */
  function raise(alerts: readonly Alert[], atMs: number): void {
    const before = alerts.flatMap(({ id }) => table.ofAlert(id)?.incident ?? [])[0];
    const edges = flows().map(({ from, to }) => [from, to] as const);
    const open =
      before && before.state !== 'resolved' ? before : incidentFor(alerts[0]!, table.open(), edges);
    if (open) life.join(open, alerts, atMs);
    else if (before?.resolvedMs != null && atMs - before.resolvedMs <= REOPEN_MS)
      life.reopen(before, alerts, atMs);
    else life.open(alerts, atMs);
  }

  /** What a notice ends. Where the whole group is resolved that is all of it, also what the notice does not list any more. */
  function overWith({ reason, rule, service, alerts }: AlertNotice): readonly AlertOfIncident[] {
    if (reason === 'resolved') {
      const newest = new Map(alerts.map((alert) => [alert.id, alert]));
      return table.activeOf(rule, service).map(({ incident, alert }) => ({
        incident,
        alert: newest.get(alert.id) ?? alert,
      }));
    }
    return alerts.flatMap((alert) => {
      const known = alert.state === 'resolved' ? table.ofAlert(alert.id) : undefined;
      return known?.isActive ? [{ incident: known.incident.id, alert }] : [];
    });
  }

  function incidentsOf(alerts: readonly Alert[]): Set<number> {
    return new Set(alerts.flatMap(({ id }) => table.ofAlert(id)?.incident.id ?? []));
  }

  function remind(id: number, atMs: number): void {
    const row = table.get(id)!;
    if (row.state !== 'open' || atMs - row.pagedMs < REMIND_MS) return;
    table.save({ ...row, pagedMs: Math.round(atMs) });
    tell(id, { reason: 'repeat', atMs });
  }

  function noteFlapping(id: number, { rule, alerts, atMs }: AlertNotice): void {
    table.note(id, { atMs, kind: 'flapping', text: `${alerts[0]?.summary ?? rule}: it comes and goes` });
  }

  return {
    list: views.list,
    summaries: views.summaries,
    get: views.get,
    ...createPeoplesActions({
      state,
      clock,
      table,
      tell,
      close: life.close,
      views,
      ...(onCall && { onCall }),
    }),
    accept: (notice) =>
      state.transaction(() => (notice.severity === 'page' ? takePage(notice) : tellTicket(notice))),
    keepRules: (rules) =>
      state.transaction(() => {
        const over = table.active().filter(({ alert }) => !rules.has(alert.rule));
        end(over, clock.wall());
      }),
    report: (id) => writeReport(views.get(id), clock.wall()),
    escalate(id, person) {
      if (table.get(id)?.state !== 'open') return;
      const atMs = clock.wall();
      const text = `nobody has acknowledged it: ${person.name} is told`;
      table.note(id, { atMs, kind: 'escalated', text });
      tell(id, { reason: 'escalated', atMs, recipient: person });
    },
  };
}
