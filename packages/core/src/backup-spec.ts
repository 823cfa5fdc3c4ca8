/** What the app model says of backups. What it leaves out, the backup itself decides (`backupLoop` of @goblin/data). */
import { type Duration, milliseconds } from './duration.ts';

export interface BackupSpec {
  /** A folder, relative to the config file, or `s3://bucket/prefix?region=…&endpoint=https://…`. On another disk or machine
   * than the database. */
  readonly to: string;
  /** Between base backups, each restored and checked. Default 1d, at least 1m. */
  readonly every?: Duration;
  /** How much may be lost (RPO): the log is in the store after so long. Default 10s, at least 100ms. */
  readonly logEvery?: Duration;
  readonly keep?: {
    /** Each moment of so long can be restored. Default 7d, at least `every`. */
    readonly for?: Duration;
    /** Good base backups that are kept at least. Default 3. */
    readonly backups?: number;
  };
}

const MIN_EVERY_MS = 60_000;
const MIN_LOG_EVERY_MS = 100;

/** What is wrong with it, each with its place. */
export function* backupProblems({ to, every, logEvery, keep }: BackupSpec): Generator<string> {
  if (typeof to !== 'string' || to === '' || (/^\w+:\/\//.test(to) && !/^(s3|file):\/\/./.test(to))) {
    const given = to === undefined ? 'is missing' : `is ${JSON.stringify(to)}`;
    yield `backup.to ${given}: name a folder, such as '/mnt/backups/shop', or 's3://bucket/prefix?endpoint=https://…'`;
  }
  yield* durationProblems('backup.every', every, '6h', MIN_EVERY_MS, 'one minute');
  yield* durationProblems('backup.logEvery', logEvery, '10s', MIN_LOG_EVERY_MS, '100 milliseconds');
  const leastMs = durationOf(every) ?? 0;
  yield* durationProblems('backup.keep.for', keep?.for, '14d', leastMs, 'backup.every');
  const backups = keep?.backups ?? 1;
  if (!Number.isInteger(backups) || backups < 1) yield 'backup.keep.backups: write a whole number from 1 on';
}

function* durationProblems(
  place: string,
  given: Duration | undefined,
  example: string,
  leastMs: number,
  least: string,
): Generator<string> {
  if (given === undefined) return;
  const ms = durationOf(given);
  if (ms === undefined) yield `${place} is ${JSON.stringify(given)}: write a duration such as '${example}'`;
  else if (ms < leastMs) yield `${place} is ${JSON.stringify(given)}: it is at least ${least}`;
}

function durationOf(given: Duration | undefined): number | undefined {
  if (given === undefined) return undefined;
  try {
    return milliseconds(given);
  } catch {
    return undefined;
  }
}
