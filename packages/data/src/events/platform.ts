/** The schema `goblin`, which all services of a database share. It is migrated like any other. */
import { fileURLToPath } from 'node:url';
import type { Logger } from '@goblin/core';
import type { Target } from '../database/connection.ts';
import { migrate } from '../migrations/migrate.ts';

const SCHEMA = 'goblin';
const FOLDER = fileURLToPath(new URL('./schema', import.meta.url));

/** @param owner who owns, or may create, the schema. @throws MIGRATION_FAILED, DATABASE_UNAVAILABLE */
export async function migratePlatform(owner: Target, log: Logger): Promise<void> {
  await migrate({ target: owner, schema: SCHEMA, folder: FOLDER, log });
}
