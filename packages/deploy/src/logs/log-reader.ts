/** Reads the log files of a project, also while they are written: first what is there, in the order of time, then
 * what is added, without a gap and also across a rotation. It reads the files and asks nobody, so it works
 * when no supervisor runs. */
import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { sleep } from '@goblin/core';
import { logFilePaths } from './log-file.ts';
import { type LogRecord, parseRecord } from './log-record.ts';

const POLL_MS = 100;
const READ_BYTES = 1024 * 1024;

export interface LogReader {
  /** What is in the files: the newest `limit` records that `wanted` accepts, oldest first. */
  history(wanted: (record: LogRecord) => boolean, limit: number): Promise<LogRecord[]>;
  /** What was added since the reader was made, until the signal is aborted. */
  follow(signal: AbortSignal): AsyncGenerator<LogRecord>;
}

/** The services that have a log in this folder. */
export function loggedServices(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).map((file) => /^([^.]+)(?:\.\d+)?\.ndjson$/.exec(file)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}

/** @param services undefined for all, also those that begin to log later. */
export function logReader(folder: string, services?: readonly string[]): LogReader {
  const tails = new Map<string, Tail>();
  /** How large each file is now, by inode. */
  const sizes = new Map<number, number>();
  for (const service of services ?? loggedServices(folder)) {
    const files = filesOf(folder, service);
    for (const { inode, size } of files) sizes.set(inode, size);
    tails.set(service, { service, inode: files.at(-1)?.inode, offset: files.at(-1)?.size ?? 0 });
  }

  return {
    async history(wanted, limit) {
      const found: LogRecord[] = [];
      for (const { path, inode } of [...tails.keys()].flatMap((service) => filesOf(folder, service))) {
        for await (const record of recordsOf(path, sizes.get(inode) ?? 0))
          if (wanted(record)) found.push(record);
        // Only the newest are shown in the end, and a log may be large.
        if (found.length > 2 * limit) keepNewest(found, limit);
      }
      keepNewest(found, limit);
      return found;
    },

    async *follow(signal) {
      while (!signal.aborted) {
        for (const service of services ?? loggedServices(folder)) {
          if (!tails.has(service)) tails.set(service, { service, inode: undefined, offset: 0 });
        }
        for (const tail of tails.values()) yield* await readOn(folder, tail);
        await sleep(POLL_MS, signal).catch(() => {});
      }
    },
  };
}

function keepNewest(records: LogRecord[], limit: number): void {
  records.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  records.splice(0, Math.max(0, records.length - limit));
}

/** How far the log of a service has been read: the file, which keeps its inode when it is renamed, and where in it. */
interface Tail {
  readonly service: string;
  inode: number | undefined;
  offset: number;
}

async function* recordsOf(path: string, end: number): AsyncGenerator<LogRecord> {
  if (end === 0) return;
  const input = createReadStream(path, { encoding: 'utf8', end: end - 1 });
  for await (const line of createInterface({ input })) {
    const record = parseRecord(line);
    if (record) yield record;
  }
}

/** What has come after the tail, which moves on: the rest of its file, and all files that are newer. */
async function readOn(folder: string, tail: Tail): Promise<LogRecord[]> {
  const files = filesOf(folder, tail.service);
  const at = files.findIndex(({ inode }) => inode === tail.inode);
  const lines: string[] = [];
  for (const { path, inode } of files.slice(Math.max(at, 0))) {
    if (inode !== tail.inode) Object.assign(tail, { inode, offset: 0 });
    lines.push(...(await readLines(path, tail)));
  }
  return lines.map(parseRecord).filter((record) => record !== undefined);
}

/** The files of a service's log that exist, oldest first. */
function filesOf(folder: string, service: string): { path: string; inode: number; size: number }[] {
  return logFilePaths(folder, service).flatMap((path) => {
    const file = statSync(path, { throwIfNoEntry: false });
    return file ? [{ path, inode: file.ino, size: file.size }] : [];
  });
}

/** The complete lines after the tail's offset, which moves on. */
async function readLines(path: string, tail: Tail): Promise<string[]> {
  const file = await open(path);
  const lines: string[] = [];
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  try {
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, READ_BYTES, tail.offset);
      const end = bytesRead === 0 ? 0 : buffer.lastIndexOf(10, bytesRead - 1) + 1;
      if (end === 0) return lines;
      tail.offset += end;
      lines.push(...buffer.toString('utf8', 0, end).split('\n').filter(Boolean));
    }
  } finally {
    await file.close();
  }
}
