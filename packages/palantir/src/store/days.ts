/** The files of the store: one SQLite database per day (UTC), named for it, so that retention is an unlink. */
import { readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DAY_MS } from './limits.ts';

const FILE = /^(\d{4}-\d{2}-\d{2})\.db$/;
/** What SQLite keeps beside a database. */
const SUFFIXES = ['', '-wal', '-shm'];
/** A damaged file, until its day is over for good. */
const ASIDE = '.damaged';

/** Days since the Unix epoch. */
export function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS);
}

export function dayName(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

export function dayPath(folder: string, day: number): string {
  return join(folder, `${dayName(day)}.db`);
}

/** The days that there are, oldest first. */
export function listDays(folder: string): number[] {
  return readdirSync(folder)
    .flatMap((file) => FILE.exec(file)?.[1] ?? [])
    .map((name) => dayOf(Date.parse(name)))
    .sort((one, other) => one - other);
}

/** What the day takes on the disk; 0 where it is not there. */
export function dayBytes(folder: string, day: number): number {
  const path = dayPath(folder, day);
  return SUFFIXES.reduce((sum, suffix) => {
    return sum + (statSync(path + suffix, { throwIfNoEntry: false })?.size ?? 0);
  }, 0);
}

/** Whether changes lie beside the database, which a process that was killed has not brought into it. */
export function hasWal(folder: string, day: number): boolean {
  return (statSync(`${dayPath(folder, day)}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

/** The database first: what is left beside it when this is interrupted is nothing without it. */
export function removeDay(folder: string, day: number): void {
  for (const suffix of [...SUFFIXES, ASIDE]) rmSync(dayPath(folder, day) + suffix, { force: true });
}

/** Out of the way, for who wants to look at it. */
export function moveAside(folder: string, day: number): void {
  const path = dayPath(folder, day);
  renameSync(path, path + ASIDE);
  for (const suffix of SUFFIXES) rmSync(path + suffix, { force: true });
}
