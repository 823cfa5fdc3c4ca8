/** What a schema remembers of its migrations: `goblin_migration` has a row for each that is done, `goblin_backfill` one for
 * each backfill that has begun.
 *
 * The row with number 0 stands there while a fresh schema is brought up: no older version can run on it, so all files are applied
 * in order, and a first attempt that failed goes on the same way. */
import type pg from 'pg';
import { driver } from '../database/driver.ts';
import { kindOf, type MigrationFile, migrationFailed } from './migration-files.ts';

const FIRST_RUN = 0;

export interface Applied {
  readonly number: number;
  readonly name: string;
  readonly checksum: string;
  readonly appliedAt: Date;
}

export interface Progress {
  readonly number: number;
  /** The last key that is done, as text; undefined when none is. */
  readonly position: string | undefined;
  /** Of which pass: a backfill is passed through again before the contract. From 1. */
  readonly pass: number;
  /** Walked through in this pass, and of how many, as far as the statistics of the table say. */
  readonly rows: number;
  readonly estimatedRows: number | undefined;
  /** Changed in all passes. */
  readonly changed: number;
  readonly rowsPerSecond: number;
  readonly batchRows: number;
  /** Why it holds still: `a replica is 12 s behind`. */
  readonly held: string | undefined;
  readonly startedAt: Date;
  readonly updatedAt: Date;
  readonly finishedAt: Date | undefined;
}

export interface Tables {
  readonly migration: string;
  readonly backfill: string;
}

export interface History {
  readonly applied: readonly Applied[];
  readonly progress: readonly Progress[];
  /** Whether no version has ever run on it. */
  readonly isFresh: boolean;
  /** Whether there is a table for the progress of backfills. */
  readonly keepsProgress: boolean;
}

export function tablesOf(schema: string): Tables {
  const quoted = driver().escapeIdentifier(schema);
  return { migration: `${quoted}.goblin_migration`, backfill: `${quoted}.goblin_backfill` };
}

export async function readHistory(client: pg.Client, tables: Tables): Promise<History> {
  const { rows } = await client.query(
    'select to_regclass($1) is not null as migration, to_regclass($2) is not null as backfill',
    [tables.migration, tables.backfill],
  );
  const recorded = rows[0].migration
    ? await client.query<Applied>(
        `select number, name, checksum, applied_at as "appliedAt" from ${tables.migration} order by number`,
      )
    : { rows: [] };
  const progress = rows[0].backfill ? await readProgress(client, tables) : [];
  const applied = recorded.rows.filter(({ number }) => number !== FIRST_RUN);
  return {
    applied,
    progress,
    isFresh: applied.length === 0 || applied.length < recorded.rows.length,
    keepsProgress: rows[0].backfill,
  };
}

async function readProgress(client: pg.Client, tables: Tables): Promise<Progress[]> {
  const { rows } =
    await client.query(`select number, position, pass, rows::float8, estimated_rows::float8 as "estimatedRows",
    changed::float8, rows_per_second as "rowsPerSecond", batch_rows as "batchRows", held,
    started_at as "startedAt", updated_at as "updatedAt", finished_at as "finishedAt"
    from ${tables.backfill} order by number`);
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value ?? undefined])),
  ) as unknown as Progress[];
}

/** To be called by who has the turn. The table of backfills is made where there are some. */
export async function makeTables(
  client: pg.Client,
  tables: Tables,
  files: readonly MigrationFile[],
): Promise<void> {
  await client.query(`create table if not exists ${tables.migration} (
      number integer primary key,
      name text not null,
      checksum text not null,
      applied_at timestamptz not null default now()
    )`);
  if (!files.some(({ kind }) => kind === 'backfill')) return;
  await client.query(`create table if not exists ${tables.backfill} (
      number integer primary key,
      position text,
      pass integer not null default 1,
      rows bigint not null default 0,
      estimated_rows bigint,
      changed bigint not null default 0,
      rows_per_second double precision not null default 0,
      batch_rows integer not null default 0,
      held text,
      started_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      finished_at timestamptz
    )`);
}

export async function beginFirstRun(client: pg.Client, tables: Tables): Promise<void> {
  await client.query(
    `insert into ${tables.migration} (number, name, checksum) values (${FIRST_RUN}, 'first run', '') on conflict do nothing`,
  );
}

export async function endFirstRun(client: pg.Client, tables: Tables): Promise<void> {
  await client.query(`delete from ${tables.migration} where number = ${FIRST_RUN}`);
}

export async function record(client: pg.Client, tables: Tables, file: MigrationFile): Promise<void> {
  await client.query(
    `insert into ${tables.migration} (number, name, checksum) values ($1, $2, $3) on conflict do nothing`,
    [file.number, file.name, file.checksum],
  );
}

/** The files to apply. What was applied must stand in the folder as it was. @throws MIGRATION_FAILED */
export function pending(files: readonly MigrationFile[], { applied, isFresh }: History): MigrationFile[] {
  const byNumber = new Map(applied.map((one) => [one.number, one]));
  const newestExpand = applied.findLast(({ name }) => kindOf(name) === 'expand')?.number ?? 0;
  return files.filter((file) => {
    const one = byNumber.get(file.number);
    if (one && hasDrifted(file, one)) {
      throw migrationFailed(
        `${file.path} differs from what was applied as ${one.name}: put it back as it was, and write what you want to change into a new file`,
      );
    }
    if (!one && !isFresh && file.kind === 'expand' && file.number < newestExpand) {
      throw migrationFailed(
        `${file.path} is older than number ${newestExpand}, which is applied: give it a new number`,
      );
    }
    return !one;
  });
}

export function hasDrifted(file: MigrationFile, one: Applied): boolean {
  return one.checksum !== file.checksum;
}
