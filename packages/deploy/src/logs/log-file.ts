/** The log of one service as files of JSON lines, bounded: at MAX_FILE_BYTES `tax.ndjson` becomes `tax.1.ndjson`,
 * which becomes `tax.2.ndjson`, and what was that is gone. Writes are synchronous, one for each chunk of
 * output, so nothing that was taken from a process is lost when the supervisor is killed. If the disk fails
 * the services go on: what cannot be written is counted. */
import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { LogRecord } from './log-record.ts';

const MAX_FILE_BYTES = 10 * 1024 * 1024;
const KEPT_FILES = 2;

export interface LogFile {
  append(records: readonly LogRecord[]): void;
  /** Records that could not be written. */
  readonly lost: number;
  close(): void;
}

/** @param generation 0 is the one being written. */
export function logFilePath(folder: string, service: string, generation: number): string {
  return join(folder, generation === 0 ? `${service}.ndjson` : `${service}.${generation}.ndjson`);
}

/** The paths of a service's log, oldest first. */
export function logFilePaths(folder: string, service: string): string[] {
  return Array.from({ length: KEPT_FILES + 1 }, (_, i) => logFilePath(folder, service, KEPT_FILES - i));
}

export function logFile(folder: string, service: string, maxBytes = MAX_FILE_BYTES): LogFile {
  let fd: number | undefined;
  let size = 0;
  let lost = 0;

  function open(): number {
    if (fd === undefined) {
      fd = openSync(logFilePath(folder, service, 0), 'a', 0o600);
      size = fstatSync(fd).size;
    }
    return fd;
  }

  function close(): void {
    if (fd !== undefined) closeSync(fd);
    fd = undefined;
  }

  function rotate(): void {
    close();
    for (let generation = KEPT_FILES - 1; generation >= 0; generation--) {
      renameIfThere(logFilePath(folder, service, generation), logFilePath(folder, service, generation + 1));
    }
  }

  return {
    append(records) {
      const bytes = Buffer.from(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
      try {
        open();
        if (size > 0 && size + bytes.length > maxBytes) rotate();
        size += writeSync(open(), bytes);
      } catch {
        lost += records.length;
        close();
      }
    },
    get lost() {
      return lost;
    },
    close,
  };
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
