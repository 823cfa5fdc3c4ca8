/** Brings a schema up to its migrations. Forward only: what was applied is never changed and never undone. Each file is applied in a
 * transaction of its own, together with its record in `goblin_migration`. Instances that start at the same time take
 * turns, so each file is applied once.
 *
 * While a deploy goes on, version N runs on the tables of version N+1, and a database that is ahead of the folder is
 * accepted. So a service that starts applies what *expands* only. Backfills run beside it (backfills.ts), and what
 * *contracts* is applied when somebody says that no older version runs any longer (`contract`). A fresh schema has no older version: there
 * all files are applied, in order.
 *
 * A migration that does not get its table lock gives way and comes back: see apply.ts. */
import { GoblinError, type Logger } from '@goblin/core';
import type pg from 'pg';
import type { Target } from '../database/connection.ts';
import { driver } from '../database/driver.ts';
import { databaseError, isConnectionError } from '../database/errors.ts';
import { apply, LOCK_PATIENCE_MS } from './apply.ts';
import { type BackfillStep, runBackfill } from './backfill.ts';
import {
  beginFirstRun,
  endFirstRun,
  makeTables,
  pending,
  readHistory,
  type Tables,
  tablesOf,
} from './history.ts';
import {
  isBackfill,
  kindOf,
  type MigrationFile,
  migrationFailed,
  readMigrations,
} from './migration-files.ts';
import { openSession } from './session.ts';
import { awaitTurn } from './turn.ts';

/** How long to wait for another instance that applies the same migrations. */
const TURN_TIMEOUT_MS = 600_000;

export interface MigrateOptions {
  readonly target: Target;
  readonly schema: string;
  readonly folder: string;
  readonly log: Logger;
  /** Who sees how busy the server is. Default: the target. */
  readonly owner?: Target | undefined;
  /** Applies what contracts too: no older version runs any longer. */
  readonly contract?: boolean | undefined;
  /** Warns of files that would keep others waiting. */
  readonly lint?: boolean | undefined;
  /** Default LOCK_PATIENCE_MS. */
  readonly lockPatienceMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: ((file: MigrationFile, step: BackfillStep | undefined) => void) | undefined;
}

interface Run extends MigrateOptions {
  readonly client: pg.Client;
  readonly tables: Tables;
  readonly files: readonly MigrationFile[];
}

/** Answers how many were applied now. @throws MIGRATION_FAILED, naming the file and, for SQL, the line;
 * FAILED_PRECONDITION for a contract whose backfills are not at their end; DATABASE_UNAVAILABLE */
export async function migrate(options: MigrateOptions): Promise<number> {
  try {
    return await migrateInSession(options);
  } catch (error) {
    throw isConnectionError(error) ? databaseError(error, options.target.where) : error;
  }
}

async function migrateInSession(options: MigrateOptions): Promise<number> {
  const { schema, contract = false } = options;
  const files = await readMigrations(options.folder);
  const tables = tablesOf(schema);
  // Ends with its session, and with it the turn.
  await using client = await openSession(options.target);
  const before = await readHistory(client, tables);
  const isUnfinished = before.isFresh && before.applied.length > 0;
  const lacksTable = !before.keepsProgress && pending(files, before).some(isBackfill);
  if (!contract && !isUnfinished && !lacksTable && dueAtStart(files, before).length === 0) return 0;
  if (!(await awaitTurn(client, 'migration', schema, TURN_TIMEOUT_MS, options.signal))) {
    throw migrationFailed(
      `another instance has been migrating ${schema} for ${TURN_TIMEOUT_MS / 60_000} minutes`,
    );
  }
  await makeSchema(client, schema);
  await makeTables(client, tables, files);
  const run = { ...options, client, tables, files };
  const expanded = await expand(run);
  return contract ? expanded + (await contractAll(run)) : expanded;
}

function dueAtStart(
  files: readonly MigrationFile[],
  history: Parameters<typeof pending>[1],
): MigrationFile[] {
  return pending(files, history).filter(({ kind }) => history.isFresh || kind === 'expand');
}

async function expand(run: Run): Promise<number> {
  const { client, tables, files } = run;
  const history = await readHistory(client, tables);
  const due = dueAtStart(files, history);
  if (history.isFresh) await beginFirstRun(client, tables);
  else if (run.lint) await warn(run, due);
  for (const file of due) await applyFile(file, run);
  if (history.isFresh) await endFirstRun(client, tables);
  return due.length;
}

/** Before each contract the backfills that it builds on are passed through once more, for rows that an older version has
 * written meanwhile. */
async function contractAll(run: Run): Promise<number> {
  const { client, tables, files, schema, owner, target, signal, onStep } = run;
  const history = await readHistory(client, tables);
  const todo = pending(files, history).filter(({ kind }) => kind !== 'expand');
  const contracts = todo.filter(({ kind }) => kind === 'contract');
  let from = history.applied.findLast(({ name }) => kindOf(name) === 'contract')?.number ?? 0;
  for (const contract of contracts) {
    const unfinished = todo.find(({ kind, number }) => kind === 'backfill' && number < contract.number);
    if (unfinished) {
      throw new GoblinError('FAILED_PRECONDITION', {
        message: `${contract.path} has to wait for ${unfinished.name}, which is not at its end: a running service goes on with it, or goblin db migrate --backfill`,
      });
    }
    await using observer = await openSession(owner ?? target);
    if (!(await awaitTurn(client, 'backfill', schema, TURN_TIMEOUT_MS, signal)))
      throw migrationFailed(`another process has been filling rows of ${schema} for a long time`);
    for (const file of files.filter(isBackfill))
      if (file.number > from && file.number < contract.number)
        await runBackfill(file, { client, tables, observer, signal, onStep }, true);
    await applyFile(contract, run);
    from = contract.number;
  }
  return contracts.length;
}

async function applyFile(file: MigrationFile, run: Run): Promise<void> {
  const { client, tables, schema, log, lockPatienceMs = LOCK_PATIENCE_MS } = run;
  run.onStep?.(file, undefined);
  const onWait = (_: MigrationFile, tries: number): void =>
    log.warn({ schema, migration: file.name, tries }, `migration ${file.name} waits for a lock`);
  if (isBackfill(file)) await runBackfill(file, { client, tables, observer: undefined });
  else await apply(file, { client, tables, schema, lockPatienceMs, onWait });
  log.info({ schema, migration: file.name }, `migration ${file.name} applied`);
}

async function warn({ files, schema, log }: Run, due: readonly MigrationFile[]): Promise<void> {
  const { lintFiles, findingText } = await import('./lint/lint.ts');
  const paths = new Set(due.map(({ path }) => path));
  for (const finding of await lintFiles(files))
    if (paths.has(finding.file)) log.warn({ schema, rule: finding.rule }, findingText(finding));
}

/** Only where it is missing, because an existing one needs no right to create schemas. */
async function makeSchema(client: pg.Client, schema: string): Promise<void> {
  const { rowCount } = await client.query('select 1 from pg_namespace where nspname = $1', [schema]);
  if (rowCount) return;
  const name = driver().escapeIdentifier(schema);
  await client.query(`create schema ${name}`).catch((cause) => {
    throw migrationFailed(
      `the schema ${name} is missing and may not be created by ${client.user}: let somebody who may run CREATE SCHEMA ${name} AUTHORIZATION ${client.user}`,
      cause,
    );
  });
}
