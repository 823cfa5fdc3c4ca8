/** Incidents, their alerts and what was noted of them, in the state database. */
import type { Alert } from '../alerts/alert.ts';
import type { Change } from '../changes/change.ts';
import type { IncidentState } from '../live/wall-state.ts';
import type { StateDatabase } from '../state/state-database.ts';
import type { EntryKind, TimelineEntry } from './incident.ts';
import type { Edge } from './reach.ts';

const KEPT_MS = 400 * 86_400_000;
/** Of an incident. Those that are over make room first, the oldest of them. */
const MAX_ALERTS_OVER = 500;
/** Of a timeline, for each of these alone: alerts that come and go leave room for what people do, and for what was changed. */
const ROOM: readonly { readonly kinds: readonly EntryKind[]; readonly entries: number }[] = [
  { kinds: ['joined', 'flapping', 'alert-resolved'], entries: 500 },
  { kinds: ['change', 'error'], entries: 250 },
  {
    kinds: ['opened', 'acknowledged', 'assigned', 'noted', 'escalated', 'resolved', 'reopened'],
    entries: 500,
  },
];
const SEEN = ROOM[1]!.kinds;

const STEPS = [
  `CREATE TABLE incident (
    id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, state TEXT NOT NULL, services TEXT NOT NULL, edges TEXT NOT NULL,
    began_ms INTEGER NOT NULL, opened_ms INTEGER NOT NULL, acknowledged_ms INTEGER, resolved_ms INTEGER, owner TEXT,
    messages INTEGER NOT NULL DEFAULT 0, paged_ms INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX incident_state ON incident (state, resolved_ms);
  CREATE TABLE incident_alert (
    incident INTEGER NOT NULL REFERENCES incident (id) ON DELETE CASCADE, alert TEXT NOT NULL, rule TEXT NOT NULL,
    service TEXT NOT NULL, is_active INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY (incident, alert)
  ) STRICT;
  CREATE INDEX incident_alert_id ON incident_alert (alert, incident);
  CREATE INDEX incident_alert_group ON incident_alert (rule, service) WHERE is_active = 1;
  CREATE TABLE incident_entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT, incident INTEGER NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
    at_ms INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, service TEXT, by TEXT, change TEXT
  ) STRICT;
  CREATE INDEX incident_entry_of ON incident_entry (incident, at_ms)`,
];

export interface IncidentRow {
  readonly id: number;
  readonly title: string;
  readonly state: IncidentState;
  readonly services: readonly string[];
  readonly edges: readonly Edge[];
  readonly beganMs: number;
  readonly openedMs: number;
  readonly acknowledgedMs: number | null;
  readonly resolvedMs: number | null;
  readonly owner: string | null;
  /** How many were told of it. */
  readonly messages: number;
  /** When it was told aloud last. */
  readonly pagedMs: number;
}

export interface AlertOfIncident {
  readonly incident: number;
  readonly alert: Alert;
}

export interface IncidentTable {
  add(row: Omit<IncidentRow, 'id' | 'messages'>): IncidentRow;
  save(row: IncidentRow): void;
  get(id: number): IncidentRow | undefined;
  /** Newest first. */
  list(limit: number): readonly IncidentRow[];
  open(): readonly IncidentRow[];
  resolvedSince(ms: number): readonly IncidentRow[];
  /** The newest incident that an alert belongs to, and whether it fires there. */
  ofAlert(alert: string): { readonly incident: IncidentRow; readonly isActive: boolean } | undefined;
  hasAlert(incident: number, alert: string): boolean;
  putAlert(incident: number, alert: Alert, isActive: boolean): void;
  /** All that fire, wherever. */
  active(): readonly AlertOfIncident[];
  /** Of one rule and service. */
  activeOf(rule: string, service: string): readonly AlertOfIncident[];
  /** Those that fire first. */
  alerts(incident: number, limit: number): readonly Alert[];
  countAlerts(incident: number): number;
  isQuiet(incident: number): boolean;
  /** Adds to the timeline, while there is room for its kind. */
  note(incident: number, entry: TimelineEntry): void;
  /** Takes out of the timeline what was written down when it ended. */
  forgetSeen(incident: number): void;
  entries(incident: number): readonly TimelineEntry[];
  prune(nowMs: number): void;
}

export function incidentTable(state: StateDatabase): IncidentTable {
  state.migrate('incidents', STEPS);
  const { db } = state;
  const insert =
    db.prepare(`INSERT INTO incident (title, state, services, edges, began_ms, opened_ms, acknowledged_ms, resolved_ms,
    owner, paged_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *`);
  const update =
    db.prepare(`UPDATE incident SET title = ?, state = ?, services = ?, edges = ?, began_ms = ?, opened_ms = ?,
    acknowledged_ms = ?, resolved_ms = ?, owner = ?, paged_ms = ?, messages = ? WHERE id = ?`);
  const one = db.prepare('SELECT * FROM incident WHERE id = ?');
  const all = db.prepare('SELECT * FROM incident ORDER BY id DESC LIMIT ?');
  const open = db.prepare("SELECT * FROM incident WHERE state IN ('open', 'acknowledged') ORDER BY id DESC");
  const resolved = db.prepare(
    "SELECT * FROM incident WHERE state = 'resolved' AND resolved_ms >= ? ORDER BY id DESC",
  );
  const ofAlert = db.prepare('SELECT * FROM incident_alert WHERE alert = ? ORDER BY incident DESC LIMIT 1');
  const hasAlert = db.prepare('SELECT 1 FROM incident_alert WHERE incident = ? AND alert = ?');
  const putAlert = db.prepare(`INSERT INTO incident_alert VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET is_active = excluded.is_active, value = excluded.value`);
  const active = db.prepare('SELECT incident, value FROM incident_alert WHERE is_active = 1');
  const activeOf = db.prepare(
    'SELECT incident, value FROM incident_alert WHERE rule = ? AND service = ? AND is_active = 1',
  );
  const alerts = db.prepare(
    'SELECT value FROM incident_alert WHERE incident = ? ORDER BY is_active DESC, rowid LIMIT ?',
  );
  const countAlerts = db.prepare('SELECT count(*) AS count FROM incident_alert WHERE incident = ?');
  const forgetOver =
    db.prepare(`DELETE FROM incident_alert WHERE incident = ? AND is_active = 0 AND rowid NOT IN
    (SELECT rowid FROM incident_alert WHERE incident = ? AND is_active = 0 ORDER BY rowid DESC LIMIT ${MAX_ALERTS_OVER})`);
  const anyActive = db.prepare('SELECT 1 FROM incident_alert WHERE incident = ? AND is_active = 1');
  const addEntry = db.prepare(
    'INSERT INTO incident_entry (incident, at_ms, kind, text, service, by, change) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const countEntries = ROOM.map(({ kinds }) =>
    db.prepare(
      `SELECT count(*) AS count FROM incident_entry WHERE incident = ? AND kind IN (${listOf(kinds)})`,
    ),
  );
  const entries = db.prepare('SELECT * FROM incident_entry WHERE incident = ? ORDER BY at_ms, id');
  const forgetSeen = db.prepare(
    `DELETE FROM incident_entry WHERE incident = ? AND kind IN (${listOf(SEEN)})`,
  );
  const forget = db.prepare("DELETE FROM incident WHERE state = 'resolved' AND resolved_ms < ?");

  const get = (id: number): IncidentRow | undefined => {
    const row = one.get(id);
    return row && rowOf(row);
  };

  return {
    add: (row) => rowOf(insert.get(...valuesOf(row))!),
    save: (row) => void update.run(...valuesOf(row), row.messages, row.id),
    get,
    list: (limit) => all.all(limit).map(rowOf),
    open: () => open.all().map(rowOf),
    resolvedSince: (ms) => resolved.all(Math.round(ms)).map(rowOf),
    ofAlert(alert) {
      const row = ofAlert.get(alert);
      return row && { incident: get(Number(row.incident))!, isActive: row.is_active === 1 };
    },
    hasAlert: (incident, alert) => hasAlert.get(incident, alert) !== undefined,
    putAlert(incident, alert, isActive) {
      const { id, rule, service } = alert;
      putAlert.run(incident, id, rule, service, Number(isActive), JSON.stringify(alert));
      if (!isActive) forgetOver.run(incident, incident);
    },
    active: () => active.all().map(ofIncident),
    activeOf: (rule, service) => activeOf.all(rule, service).map(ofIncident),
    alerts: (incident, limit) => alerts.all(incident, limit).map(alertOf),
    countAlerts: (incident) => Number(countAlerts.get(incident)!.count),
    isQuiet: (incident) => anyActive.get(incident) === undefined,
    note(incident, { atMs, kind, text, service = null, by = null, change }) {
      const at = ROOM.findIndex(({ kinds }) => kinds.includes(kind));
      if (Number(countEntries[at]!.get(incident)!.count) >= ROOM[at]!.entries) return;
      const about = change === undefined ? null : JSON.stringify(change);
      addEntry.run(incident, Math.round(atMs), kind, text, service, by, about);
    },
    forgetSeen: (incident) => void forgetSeen.run(incident),
    entries: (incident) => entries.all(incident).map(entryOf),
    prune: (nowMs) => void forget.run(Math.round(nowMs - KEPT_MS)),
  };
}

type Values = Record<string, unknown>;

function listOf(kinds: readonly EntryKind[]): string {
  return kinds.map((kind) => `'${kind}'`).join(', ');
}

function valuesOf(row: Omit<IncidentRow, 'id' | 'messages'>): (string | number | null)[] {
  return [
    row.title,
    row.state,
    JSON.stringify(row.services),
    JSON.stringify(row.edges),
    Math.round(row.beganMs),
    Math.round(row.openedMs),
    row.acknowledgedMs,
    row.resolvedMs,
    row.owner,
    Math.round(row.pagedMs),
  ];
}

function rowOf(row: Values): IncidentRow {
  return {
    id: row.id as number,
    title: row.title as string,
    state: row.state as IncidentState,
    services: JSON.parse(row.services as string) as string[],
    edges: JSON.parse(row.edges as string) as Edge[],
    beganMs: row.began_ms as number,
    openedMs: row.opened_ms as number,
    acknowledgedMs: row.acknowledged_ms as number | null,
    resolvedMs: row.resolved_ms as number | null,
    owner: row.owner as string | null,
    messages: row.messages as number,
    pagedMs: row.paged_ms as number,
  };
}

function alertOf(row: Values): Alert {
  return JSON.parse(row.value as string) as Alert;
}

function ofIncident(row: Values): AlertOfIncident {
  return { incident: row.incident as number, alert: alertOf(row) };
}

function entryOf(row: Values): TimelineEntry {
  return {
    atMs: row.at_ms as number,
    kind: row.kind as EntryKind,
    text: row.text as string,
    ...(row.service !== null && { service: row.service as string }),
    ...(row.by !== null && { by: row.by as string }),
    ...(row.change !== null && { change: JSON.parse(row.change as string) as Change }),
  };
}
