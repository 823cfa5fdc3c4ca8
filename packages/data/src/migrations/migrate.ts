/** Brings a schema up to its migrations. Forward only: what was applied is never changed and never undone; each file
 * is applied in a transaction of its own, together with its record in `goblin_migration`. Instances that start
 * at the same time take turns by an advisory lock, so each file is applied once.
 *
 * A database that is ahead of the folder is accepted: during a deploy the old version runs beside the new one. A
 * migration that cannot get its table lock within LOCK_TIMEOUT fails rather than holding up everybody who
 * queues behind it; start again, or at a quieter time. */
import type { Logger } from '@goblin/core';
import type pg from 'pg';
import type { Target } from '../database/connection.ts';
import { driver } from '../database/driver.ts';
import { databaseError } from '../database/errors.ts';
import { type MigrationFile, migrationFailed, readMigrations } from './migration-files.ts';

/** How long others may hold a table that a migration changes. */
const LOCK_TIMEOUT = '5s';
/** How long to wait for another instance that applies the same migrations. */
const TURN_TIMEOUT = '10min';

interface Applied {
  readonly number: number;
  readonly name: string;
  readonly checksum: string;
}

export interface MigrateOptions {
  readonly target: Target;
  readonly schema: string;
  readonly folder: string;
  readonly log: Logger;
}

/** Answers how many were applied now. @throws MIGRATION_FAILED, naming the file and, for SQL, the line */
export async function migrate(options: MigrateOptions): Promise<number> {
  const files = await readMigrations(options.folder);
  const client = new (driver().Client)(options.target.config());
  client.on('error', () => {});
  await client.connect().catch((error) => {
    throw databaseError(error, options.target.where);
  });
  try {
    const table = `${driver().escapeIdentifier(options.schema)}.goblin_migration`;
    if (pending(files, await readApplied(client, table)).length === 0) return 0;
    await takeTurn(client, options.schema);
    await makeSchema(client, options.schema);
    await client.query(`create table if not exists ${table} (
      number integer primary key,
      name text not null,
      checksum text not null,
      applied_at timestamptz not null default now()
    )`);
    const todo = pending(files, await readApplied(client, table));
    for (const file of todo) {
      await apply(client, table, file);
      options.log.info({ schema: options.schema, migration: file.name }, `migration ${file.name} applied`);
    }
    return todo.length;
  } finally {
    // Ends the session, and with it the advisory lock.
    await client.end();
  }
}

async function readApplied(client: pg.Client, table: string): Promise<readonly Applied[]> {
  const { rows } = await client.query('select to_regclass($1) is not null as there', [table]);
  if (!rows[0].there) return [];
  return (await client.query<Applied>(`select number, name, checksum from ${table} order by number`)).rows;
}

/** The files to apply. What was applied must stand in the folder as it was. */
function pending(files: readonly MigrationFile[], applied: readonly Applied[]): MigrationFile[] {
  const byNumber = new Map(applied.map((record) => [record.number, record]));
  const newest = applied.at(-1)?.number ?? 0;
  return files.filter((file) => {
    const record = byNumber.get(file.number);
    if (record && record.checksum !== file.checksum) {
      throw migrationFailed(
        `${file.path} differs from what was applied as ${record.name}: put it back as it was, and write what you want to change into a new file`,
      );
    }
    if (!record && file.number < newest)
      throw migrationFailed(
        `${file.path} is older than number ${newest}, which is applied: give it a new number`,
      );
    return !record;
  });
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

async function takeTurn(client: pg.Client, schema: string): Promise<void> {
  await client.query(`set lock_timeout = '${TURN_TIMEOUT}'; set statement_timeout = 0`);
  await client
    .query(`select pg_advisory_lock(hashtextextended('goblin migration ' || $1, 0))`, [schema])
    .catch((cause) => {
      throw migrationFailed(`another instance has been migrating ${schema} for ${TURN_TIMEOUT}`, cause);
    });
  await client.query(`set lock_timeout = '${LOCK_TIMEOUT}'`);
}

async function apply(client: pg.Client, table: string, file: MigrationFile): Promise<void> {
  await client.query('begin');
  await client.query(file.sql).catch(async (error) => {
    await client.query('rollback').catch(() => {});
    throw migrationFailed(`${file.path}${lineOf(file.sql, error)}: ${error.message}`, error);
  });
  if (client.getTransactionStatus() !== 'T') {
    throw migrationFailed(
      `${file.path} ends the transaction that it runs in: take COMMIT or ROLLBACK out of it (what stood before may be in the database already)`,
    );
  }
  await client.query(`insert into ${table} (number, name, checksum) values ($1, $2, $3)`, [
    file.number,
    file.name,
    file.checksum,
  ]);
  await client.query('commit');
}

function lineOf(sql: string, error: pg.DatabaseError): string {
  const position = Number(error.position);
  return position > 0 ? `, line ${sql.slice(0, position - 1).split('\n').length}` : '';
}
