/** The numbered SQL files of a folder: `0001_payments.sql`, `0002_refunds.sql`, without a gap. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GoblinError } from '@goblin/core';

const NAME = /^(\d{4})_([a-z0-9_-]+)\.sql$/;

export interface MigrationFile {
  readonly number: number;
  /** `0001_payments.sql` */
  readonly name: string;
  readonly path: string;
  readonly sql: string;
  /** SHA-256 of the text; line endings do not count, because git may change them. */
  readonly checksum: string;
}

/** @throws MIGRATION_FAILED for a folder that is not there, a name that is not of the form, a gap or a double. */
export async function readMigrations(folder: string): Promise<MigrationFile[]> {
  const names = await readdir(folder).catch((cause) => {
    throw migrationFailed(`the folder of migrations ${folder} cannot be read: ${cause.message}`, cause);
  });
  const sqlNames = names.filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(sqlNames.map((name, index) => readMigration(folder, name, index + 1)));
}

async function readMigration(folder: string, name: string, expected: number): Promise<MigrationFile> {
  const match = NAME.exec(name);
  const path = join(folder, name);
  if (!match) throw migrationFailed(`${path} is not named like 0001_create_payment.sql`);
  const number = Number(match[1]);
  if (number !== expected) {
    const problem = number < expected ? 'is a second one with its number' : 'leaves a gap';
    throw migrationFailed(`${path} ${problem}: the next number is ${String(expected).padStart(4, '0')}`);
  }
  const sql = (await readFile(path, 'utf8')).replaceAll('\r\n', '\n');
  return { number, name, path, sql, checksum: createHash('sha256').update(sql).digest('hex') };
}

export function migrationFailed(message: string, cause?: unknown): GoblinError {
  return new GoblinError('MIGRATION_FAILED', { message, cause });
}
