/** The numbered SQL files of a folder: `0001_payments.sql`, `0002_refunds.sql`, without a gap. A name may say which step of
 * a change it is: `0003_add_email.expand.sql`, `0004_fill_email.backfill.sql`, `0005_drop_mail.contract.sql`; one
 * that says nothing expands. Comments that begin with `-- goblin:` are for us: see directives.ts. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GoblinError } from '@goblin/core';
import { type BackfillDirective, headerOf } from './directives.ts';

const NAME = /^(\d{4})_([a-z0-9_-]+)(?:\.(expand|backfill|contract))?\.sql$/;

/** `expand`: an older version does not notice it. `backfill`: fills rows, batch by batch, while versions run.
 * `contract`: takes away what only an older version needs. */
export type MigrationKind = 'expand' | 'backfill' | 'contract';

export interface MigrationFile {
  readonly number: number;
  /** `0001_payments.sql` */
  readonly name: string;
  readonly path: string;
  readonly kind: MigrationKind;
  /** Whether it runs outside of a transaction; it has one statement then. */
  readonly inTransaction: boolean;
  /** For the kind `backfill`. */
  readonly backfill: BackfillDirective | undefined;
  readonly sql: string;
  /** SHA-256 of the text; line endings do not count, because git may change them. */
  readonly checksum: string;
}

/** A file of the kind `backfill`. */
export type BackfillFile = MigrationFile & { readonly backfill: BackfillDirective };

/** @throws MIGRATION_FAILED for a folder that is not there, a name that is not of the form, a gap or a double, or a header
 * that cannot be read. */
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
  if (!match) {
    throw migrationFailed(
      `${path} is not named like 0001_create_payment.sql or 0002_add_email.expand.sql (or .backfill, .contract)`,
    );
  }
  const number = Number(match[1]);
  if (number !== expected) {
    const problem = number < expected ? 'is a second one with its number' : 'leaves a gap';
    throw migrationFailed(`${path} ${problem}: the next number is ${String(expected).padStart(4, '0')}`);
  }
  const kind = kindOf(name);
  const sql = (await readFile(path, 'utf8')).replaceAll('\r\n', '\n');
  const checksum = createHash('sha256').update(sql).digest('hex');
  try {
    return { number, name, path, kind, sql, checksum, ...headerOf(sql, kind) };
  } catch (error) {
    throw migrationFailed(`${path}, ${(error as Error).message}`);
  }
}

/** What the name of a migration says it is. */
export function kindOf(name: string): MigrationKind {
  return (NAME.exec(name)?.[3] as MigrationKind | undefined) ?? 'expand';
}

export function isBackfill(file: MigrationFile): file is BackfillFile {
  return file.backfill !== undefined;
}

export function migrationFailed(message: string, cause?: unknown): GoblinError {
  return new GoblinError('MIGRATION_FAILED', { message, cause });
}
