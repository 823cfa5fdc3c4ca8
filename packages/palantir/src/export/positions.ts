/** How far each exporter has come with each kind of telemetry, in the state database: it goes on there after a restart. */
import type { StateDatabase } from '../state/state-database.ts';
import type { Signal } from './portion.ts';

const STEPS: readonly string[] = [
  `CREATE TABLE export_position (
    exporter TEXT NOT NULL, signal TEXT NOT NULL, at_ms REAL NOT NULL, PRIMARY KEY (exporter, signal)
  ) STRICT, WITHOUT ROWID`,
];

export interface Positions {
  /** Everything before this time has gone out, or was skipped. */
  of(exporter: string, signal: Signal): number | undefined;
  set(exporter: string, signal: Signal, atMs: number): void;
}

export function exportPositions(state: StateDatabase): Positions {
  state.migrate('export', STEPS);
  const read = state.db.prepare('SELECT at_ms FROM export_position WHERE exporter = ? AND signal = ?');
  const write = state.db.prepare(
    'INSERT OR REPLACE INTO export_position (exporter, signal, at_ms) VALUES (?, ?, ?)',
  );
  return {
    of: (exporter, signal) => read.get(exporter, signal)?.at_ms as number | undefined,
    set: (exporter, signal, atMs) => {
      write.run(exporter, signal, atMs);
    },
  };
}
