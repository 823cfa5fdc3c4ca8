/** Where a schema stands with its migrations, and what would be done next. Reads only. */

import { type History, hasDrifted, type Progress, readHistory, tablesOf } from './history.ts';
import { type LintFinding, lintFiles, parseable } from './lint/lint.ts';
import { parseStatements } from './lint/parse.ts';
import { locksOf } from './locks.ts';
import { isBackfill, type MigrationFile, type MigrationKind, readMigrations } from './migration-files.ts';
import type { Session } from './session.ts';
import { isTaken } from './turn.ts';

/** `drifted`: the file is not what was applied. `missing`: it was applied, and is not in the folder (a newer version's, or
 * deleted). `filling`: a backfill that has begun. */
export type MigrationState = 'applied' | 'pending' | 'filling' | 'drifted' | 'missing';

export interface MigrationView {
  readonly number: number;
  readonly name: string;
  readonly kind: MigrationKind | undefined;
  readonly state: MigrationState;
  readonly appliedAt: Date | undefined;
  /** Of a backfill that has begun. */
  readonly progress: Progress | undefined;
}

export interface MigrationStatus {
  readonly schema: string;
  readonly migrations: readonly MigrationView[];
  /** Whether a process fills rows at this moment. */
  readonly isFilling: boolean;
}

/** When a file would run. `start`: with `goblin db migrate`, or when the service starts. `background`: beside the service.
 * `contract`: when you say so. */
export type PlannedFor = 'start' | 'background' | 'contract';

export interface PlannedStatement {
  readonly line: number;
  readonly text: string;
  /** `account: ACCESS EXCLUSIVE: nobody reads or writes it meanwhile` */
  readonly locks: readonly string[];
}

export interface PlannedMigration {
  readonly name: string;
  readonly kind: MigrationKind;
  readonly when: PlannedFor;
  readonly inTransaction: boolean;
  readonly statements: readonly PlannedStatement[];
  readonly findings: readonly LintFinding[];
}

/** @throws MIGRATION_FAILED for names and headers that cannot be read */
export async function migrationStatus(
  client: Session,
  schema: string,
  folder: string,
): Promise<MigrationStatus> {
  const files = await readMigrations(folder);
  const history = await readHistory(client, tablesOf(schema));
  const numbers = new Set(files.map(({ number }) => number));
  const missing = history.applied
    .filter(({ number }) => !numbers.has(number))
    .map(({ number, name, appliedAt }) => ({
      number,
      name,
      kind: undefined,
      state: 'missing' as const,
      appliedAt,
      progress: undefined,
    }));
  return {
    schema,
    migrations: [...files.map((file) => viewOf(file, history)), ...missing],
    isFilling: await isTaken(client, 'backfill', schema),
  };
}

function viewOf(file: MigrationFile, { applied, progress }: History): MigrationView {
  const { number, name, kind } = file;
  const one = applied.find((record) => record.number === number);
  const begun = progress.find((row) => row.number === number);
  const open = begun ? 'filling' : 'pending';
  const state = one ? (hasDrifted(file, one) ? 'drifted' : 'applied') : open;
  return { number, name, kind, state, appliedAt: one?.appliedAt, progress: begun };
}

/** @throws MIGRATION_FAILED */
export async function migrationPlan(
  client: Session,
  schema: string,
  folder: string,
): Promise<PlannedMigration[]> {
  const files = await readMigrations(folder);
  const history = await readHistory(client, tablesOf(schema));
  const done = new Set(history.applied.map(({ number }) => number));
  const findings = await lintFiles(files);
  return Promise.all(
    files
      .filter(({ number }) => !done.has(number))
      .map(async (file) => ({
        name: file.name,
        kind: file.kind,
        when: whenOf(file, history.isFresh),
        inTransaction: file.inTransaction,
        statements: await statementsOf(file),
        findings: findings.filter((finding) => finding.file === file.path),
      })),
  );
}

function whenOf(file: MigrationFile, isFresh: boolean): PlannedFor {
  if (isFresh || file.kind === 'expand') return 'start';
  return isBackfill(file) ? 'background' : 'contract';
}

async function statementsOf(file: MigrationFile): Promise<PlannedStatement[]> {
  // What cannot be parsed is among the findings.
  const statements = await parseStatements(parseable(file)).catch(() => []);
  return statements.map((statement) => ({
    line: statement.line,
    text: statement.text,
    locks: locksOf(statement),
  }));
}
