/** Incidents as they are shown. */
import { type Clock, GoblinError } from '@goblin/core';
import type { IncidentSummary } from '../live/wall-state.ts';
import type { Incident } from './incident.ts';
import type { IncidentRow, IncidentTable } from './incident-table.ts';
import type { Sightings } from './sightings.ts';

const SHOWN_AFTER_MS = 3_600_000;
const MAX_LISTED = 200;
const MAX_ALERTS = 200;

export interface Views {
  list(): readonly IncidentSummary[];
  summaries(): readonly IncidentSummary[];
  get(id: number): Incident;
  summary(row: IncidentRow): IncidentSummary;
}

export function createViews(table: IncidentTable, sightings: Sightings, clock: Clock): Views {
  function summary(row: IncidentRow): IncidentSummary {
    const { id, title, state, services, openedMs, resolvedMs, owner } = row;
    const suspect = sightings.suspect(row);
    return {
      ...{ id, title, severity: 'page', state, services, openedAtMs: openedMs },
      ...(resolvedMs !== null && { resolvedAtMs: resolvedMs }),
      ...(owner !== null && { owner }),
      ...(suspect && { suspect }),
    };
  }

  return {
    summary,
    list: () => table.list(MAX_LISTED).map(summary),
    summaries: () => [...table.open(), ...table.resolvedSince(clock.wall() - SHOWN_AFTER_MS)].map(summary),
    get(id) {
      const row = rowOf(table, id);
      const seen = row.state === 'resolved' ? [] : sightings.entries(row, clock.wall());
      return {
        ...summary(row),
        beganAtMs: row.beganMs,
        ...(row.acknowledgedMs !== null && { acknowledgedAtMs: row.acknowledgedMs }),
        alerts: table.alerts(id, MAX_ALERTS),
        timeline: [...table.entries(id), ...seen].sort((a, b) => a.atMs - b.atMs),
      };
    },
  };
}

/** @throws NOT_FOUND */
export function rowOf(table: IncidentTable, id: number): IncidentRow {
  const row = Number.isSafeInteger(id) ? table.get(id) : undefined;
  if (row) return row;
  throw new GoblinError('NOT_FOUND', { message: `there is no incident ${id}` });
}
