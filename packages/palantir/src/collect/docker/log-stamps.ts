/** How far the log of each container was read: the time of its last line that was kept, in the state database. */
import type { StateDatabase } from '../../state/state-database.ts';

const STEPS = [
  'CREATE TABLE docker_log_cursor (container TEXT PRIMARY KEY, stamp TEXT NOT NULL) STRICT, WITHOUT ROWID',
];

export interface LogStamps {
  get(container: string): string | undefined;
  save(stamps: ReadonlyMap<string, string>): void;
  /** Forgets the containers that are gone. */
  keepOnly(containers: ReadonlySet<string>): void;
}

export function logStamps(state: StateDatabase): LogStamps {
  state.migrate('docker logs', STEPS);
  const { db } = state;
  const all = db.prepare('SELECT container, stamp FROM docker_log_cursor').all() as unknown as {
    container: string;
    stamp: string;
  }[];
  const known = new Map(all.map(({ container, stamp }) => [container, stamp]));
  const put = db.prepare('INSERT OR REPLACE INTO docker_log_cursor (container, stamp) VALUES (?, ?)');
  const remove = db.prepare('DELETE FROM docker_log_cursor WHERE container = ?');
  return {
    get: (container) => known.get(container),
    save: (stamps) =>
      state.transaction(() => {
        for (const [container, stamp] of stamps) {
          put.run(container, stamp);
          known.set(container, stamp);
        }
      }),
    keepOnly(containers) {
      const gone = [...known.keys()].filter((container) => !containers.has(container));
      if (gone.length === 0) return;
      state.transaction(() => {
        for (const container of gone) {
          remove.run(container);
          known.delete(container);
        }
      });
    },
  };
}

/** With nine digits, so that stamps can be compared as texts. Those of Docker are in UTC. */
export function fullStamp(stamp: string): string {
  const [, seconds = '', fraction = ''] = /^([^.Z]*)(?:\.(\d+))?Z$/.exec(stamp) ?? [];
  return seconds === '' ? stamp : `${seconds}.${fraction.padEnd(9, '0')}Z`;
}

/** As Docker's `since` takes it: seconds since the epoch, with a fraction. */
export function sinceOf(stamp: string): string {
  const fraction = /\.(\d+)/.exec(stamp)?.[1] ?? '0';
  return `${Math.floor(Date.parse(stamp) / 1_000)}.${fraction.padEnd(9, '0')}`;
}
