/** Takes in the output of all instances, keeps it in files and passes it on to whoever listens. What the supervisor
 * itself has to say goes the same way, as the service `goblin`. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Clock } from '@goblin/core';
import { type LogFile, logFile } from './log-file.ts';
import { type LogRecord, type LogSource, recordOf } from './log-record.ts';
import { splitLines } from './split-lines.ts';

/** The name under which the supervisor logs. */
export const SUPERVISOR = 'goblin';

export interface LogCollector {
  collect(source: LogSource, stream: Readable, name: 'stdout' | 'stderr'): void;
  /** Logs for the supervisor itself. */
  note(level: 'info' | 'warn' | 'error', msg: string, fields?: Readonly<Record<string, unknown>>): void;
  close(): void;
}

export function logsFolder(dataFolder: string): string {
  return join(dataFolder, 'logs');
}

export function logCollector(
  folder: string,
  onRecord: (record: LogRecord) => void,
  clock: Clock,
): LogCollector {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const files = new Map<string, LogFile>();
  const instance = `${SUPERVISOR}-${process.pid}`;

  function keep(service: string, records: readonly LogRecord[]): void {
    let file = files.get(service);
    if (!file) {
      file = logFile(folder, service);
      files.set(service, file);
    }
    const lostBefore = file.lost;
    file.append(records);
    if (lostBefore === 0 && file.lost > 0) {
      onRecord(own('error', `the log of ${service} cannot be written to ${folder}: is the disk full?`));
    }
    for (const record of records) onRecord(record);
  }

  function own(level: string, msg: string, fields: Readonly<Record<string, unknown>> = {}): LogRecord {
    return {
      time: new Date(clock.wall()).toISOString(),
      level,
      service: SUPERVISOR,
      instance,
      ...fields,
      msg,
    };
  }

  return {
    collect(source, stream, name) {
      const level = name === 'stderr' ? 'warn' : 'info';
      splitLines(stream, (lines) =>
        keep(
          source.service,
          lines.map((line) => recordOf(line, source, level, clock.wall())),
        ),
      );
    },
    note: (level, msg, fields) => keep(SUPERVISOR, [own(level, msg, fields)]),
    close() {
      for (const file of files.values()) file.close();
    },
  };
}
