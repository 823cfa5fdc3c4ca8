/** The schema `goblin`, which all services of a database share. It is migrated like any other. */
import { fileURLToPath } from 'node:url';
import { GoblinError, type Logger } from '@goblin/core';
import type { Target } from '../database/connection.ts';
import type { Database } from '../database/database.ts';
import { migrate } from '../migrations/migrate.ts';

const SCHEMA = 'goblin';
const FOLDER = fileURLToPath(new URL('./schema', import.meta.url));

/** @param owner who owns, or may create, the schema. @throws MIGRATION_FAILED, DATABASE_UNAVAILABLE */
export async function migratePlatform(owner: Target, log: Logger): Promise<void> {
  await migrate({ target: owner, schema: SCHEMA, folder: FOLDER, log });
}

const owners = new WeakMap<Database, Target>();

/** Remembers who owns what the services of this database share, and answers the database. */
export function ownedBy(db: Database, owner: Target): Database {
  owners.set(db, owner);
  return db;
}

/** For packages with tables that services share, beside the schema `goblin`: brings such a schema up to its migrations.
 * The files grant what services may do with it. @throws MIGRATION_FAILED, DATABASE_UNAVAILABLE */
export async function installSchema(db: Database, schema: string, folder: URL): Promise<void> {
  const target = owners.get(db);
  if (!target) {
    throw new GoblinError('MIGRATION_FAILED', {
      message: `the schema ${schema} cannot be installed: this database was not opened by postgres() or testDatabase()`,
    });
  }
  await migrate({ target, schema, folder: fileURLToPath(folder), log: db.telemetry.log });
}
