/** Applies one file. A migration gives way: it waits for a lock only as long as others may well wait behind it, and tries again
 * a little later, for a bounded time; each try is a transaction of its own that leaves nothing behind. */
import { sleep, systemClock } from '@goblin/core';
import type pg from 'pg';
import { driver } from '../database/driver.ts';
import { lineAt } from './directives.ts';
import { record, type Tables } from './history.ts';
import { type MigrationFile, migrationFailed } from './migration-files.ts';

/** Who asks for a table after a migration that waits for it, waits for this long too, at most. */
export const LOCK_TIMEOUT_MS = 500;
/** How long a migration comes back for its locks. */
export const LOCK_PATIENCE_MS = 30_000;
/** Nobody waits for what runs CONCURRENTLY, which waits for every older transaction. */
const CONCURRENT_TIMEOUT = '1h';
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 3_000;
const LOCK_NOT_AVAILABLE = '55P03';
const DEADLOCK_DETECTED = '40P01';

export interface ApplyOptions {
  readonly client: pg.Client;
  readonly tables: Tables;
  readonly schema: string;
  readonly lockPatienceMs: number;
  /** Told before each further try. */
  readonly onWait?: ((file: MigrationFile, tries: number) => void) | undefined;
}

/** @throws MIGRATION_FAILED with the file and, for SQL, the line */
export async function apply(file: MigrationFile, options: ApplyOptions): Promise<void> {
  if (!file.inTransaction) return applyAlone(file, options);
  const giveUpAt = systemClock.now() + options.lockPatienceMs;
  for (let tries = 1, pauseMs = FIRST_PAUSE_MS; ; tries++, pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
    try {
      return await applyOnce(file, options);
    } catch (error) {
      if (!isLockFailure(error)) throw failed(file, error as Error);
      if (systemClock.now() + pauseMs > giveUpAt) {
        throw migrationFailed(
          `${file.path}: lock timeout: in ${tries} tries within ${options.lockPatienceMs / 1_000} s another transaction held what it needs: try again at a quieter time, or end the one that is open so long`,
          error,
        );
      }
    }
    options.onWait?.(file, tries);
    await sleep(pauseMs * (0.5 + Math.random() / 2));
  }
}

async function applyOnce(file: MigrationFile, { client, tables }: ApplyOptions): Promise<void> {
  await client.query(`begin; set local lock_timeout = ${LOCK_TIMEOUT_MS}; set local statement_timeout = 0`);
  try {
    await client.query(file.sql);
    if (client.getTransactionStatus() !== 'T') {
      throw migrationFailed(
        `${file.path} ends the transaction that it runs in: take COMMIT or ROLLBACK out of it (what stood before may be in the database already)`,
      );
    }
    await record(client, tables, file);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

/** What was cut off is run again, so it has one statement, and the index that it left unfinished is dropped first. */
async function applyAlone(file: MigrationFile, { client, tables, schema }: ApplyOptions): Promise<void> {
  const { parseStatements, NotSql } = await import('./lint/parse.ts');
  const statements = await parseStatements(file.sql).catch((error) => {
    const line = error instanceof NotSql ? `, line ${error.line}` : '';
    throw migrationFailed(`${file.path}${line}: ${error.message}`, error);
  });
  if (statements.length !== 1) {
    throw migrationFailed(
      `${file.path} runs outside of a transaction and has ${statements.length} statements: give each a file of its own`,
    );
  }
  await client.query(`set lock_timeout = '${CONCURRENT_TIMEOUT}'; set statement_timeout = 0`);
  const { node } = statements[0]!;
  const index = 'IndexStmt' in node ? node.IndexStmt : undefined;
  try {
    if (index?.concurrent && index.idxname)
      await dropUnfinished(client, index.relation?.schemaname ?? schema, index.idxname);
    await client.query(file.sql);
  } catch (error) {
    throw failed(file, error as Error);
  }
  await record(client, tables, file);
}

/** An index whose building was cut off stays there, is used by nobody and slows writers down. */
async function dropUnfinished(client: pg.Client, schema: string, index: string): Promise<void> {
  const { rowCount } = await client.query(
    `select 1 from pg_index join pg_class on pg_class.oid = indexrelid
      where relnamespace = to_regnamespace($1) and relname = $2 and not indisvalid`,
    [driver().escapeIdentifier(schema), index],
  );
  if (!rowCount) return;
  const name = `${driver().escapeIdentifier(schema)}.${driver().escapeIdentifier(index)}`;
  await client.query(`drop index concurrently if exists ${name}`);
}

export function isLockFailure(error: unknown): boolean {
  const { code } = error as pg.DatabaseError;
  return code === LOCK_NOT_AVAILABLE || code === DEADLOCK_DETECTED;
}

function failed(file: MigrationFile, error: Error): Error {
  if (!(error instanceof driver().DatabaseError)) return error;
  const position = Number(error.position);
  const line = position > 0 ? `, line ${lineAt(file.sql, position - 1)}` : '';
  return migrationFailed(`${file.path}${line}: ${error.message}`, error);
}
