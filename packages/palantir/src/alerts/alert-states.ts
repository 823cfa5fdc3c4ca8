/** Alerts and groups as the state database keeps them: read once at the start, then written where something changes. */
import type { StateDatabase } from '../state/state-database.ts';
import { type GroupKey, type GroupRecord, groupKey } from './alert-groups.ts';
import type { AlertRecord } from './alert-machine.ts';

const STEPS = [
  `CREATE TABLE alert (id TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT;
  CREATE TABLE alert_group (key TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT;
  CREATE TABLE alert_round (one INTEGER PRIMARY KEY CHECK (one = 1), at_ms INTEGER NOT NULL, resumed_ms INTEGER NOT NULL, pause_ms INTEGER NOT NULL) STRICT`,
];

export interface RoundRecord {
  readonly atMs: number;
  /** When the last pause before it ended, and how long that was. */
  readonly resumedMs: number;
  readonly pauseMs: number;
}

export interface AlertStates {
  records(): AlertRecord[];
  groups(): GroupRecord[];
  /** The last round; undefined where there was none. */
  round(): RoundRecord | undefined;
  putRecord(record: AlertRecord): void;
  removeRecord(id: string): void;
  putGroup(group: GroupRecord): void;
  removeGroup(group: GroupKey): void;
  putRound(round: RoundRecord): void;
}

export function alertStates(state: StateDatabase): AlertStates {
  state.migrate('alerts', STEPS);
  const { db } = state;
  const putRecord = db.prepare('INSERT OR REPLACE INTO alert (id, record) VALUES (?, ?)');
  const removeRecord = db.prepare('DELETE FROM alert WHERE id = ?');
  const putGroup = db.prepare('INSERT OR REPLACE INTO alert_group (key, record) VALUES (?, ?)');
  const removeGroup = db.prepare('DELETE FROM alert_group WHERE key = ?');
  const putRound = db.prepare('INSERT OR REPLACE INTO alert_round VALUES (1, ?, ?, ?)');
  const all = <T>(table: string): T[] =>
    db
      .prepare(`SELECT record FROM ${table} ORDER BY rowid`)
      .all()
      .map((row) => JSON.parse(String(row.record)) as T);

  return {
    records: () => all<AlertRecord>('alert'),
    groups: () => all<GroupRecord>('alert_group'),
    round: () => {
      const row = db.prepare('SELECT * FROM alert_round').get();
      return (
        row && { atMs: Number(row.at_ms), resumedMs: Number(row.resumed_ms), pauseMs: Number(row.pause_ms) }
      );
    },
    putRecord: (record) => void putRecord.run(record.id, JSON.stringify(record)),
    removeRecord: (id) => void removeRecord.run(id),
    putGroup: (group) => void putGroup.run(groupKey(group), JSON.stringify(group)),
    removeGroup: (group) => void removeGroup.run(groupKey(group)),
    putRound: ({ atMs, resumedMs, pauseMs }) => void putRound.run(atMs, resumedMs, pauseMs),
  };
}
