/** Finds what in a folder of migrations would stop a service that runs: statements that keep others waiting, and those
 * that take away what the version before still uses. Each finding says what happens and how to do it safely.
 *
 * It reads files only, so it runs anywhere; it cannot know how large a table is, so it takes each table for a large one, except
 * those that the same file makes. Where that is wrong, a comment above the statement says so, with a reason:
 * `-- goblin: allow index-concurrently: ten rows`. */
import { type AllowDirective, allowsOf, lineAt, withBounds } from '../directives.ts';
import { type MigrationFile, readMigrations } from '../migration-files.ts';
import { columnRules } from './column-rules.ts';
import { constraintRules } from './constraint-rules.ts';
import { indexRules } from './index-rules.ts';
import { Known } from './known.ts';
import { NotSql, type ParsedStatement, parseStatements } from './parse.ts';
import { rowRules } from './row-rules.ts';
import { alterations, type Rule, type RuleContext } from './rule.ts';
import { tableRules } from './table-rules.ts';
import { transactionRules } from './transaction-rules.ts';

const RULES: readonly Rule[] = [
  ...indexRules,
  ...columnRules,
  ...constraintRules,
  ...tableRules,
  ...rowRules,
  ...transactionRules,
];

/** All rules that a comment may allow. */
export const LINT_RULES: readonly string[] = RULES.map(({ name }) => name);

export interface LintFinding {
  /** The file's path. */
  readonly file: string;
  readonly line: number;
  readonly rule: string;
  readonly problem: string;
  /** How to do the same without. */
  readonly rewrite: string;
}

/** @example test('migrations keep the service running', async () => assert.deepEqual(await lintMigrations('./migrations'), []));
 * @throws MIGRATION_FAILED for names and headers that cannot be read */
export async function lintMigrations(folder: string): Promise<LintFinding[]> {
  return lintFiles(await readMigrations(folder));
}

/** @param files all of the folder, because earlier ones prove what later ones rely on */
export async function lintFiles(files: readonly MigrationFile[]): Promise<LintFinding[]> {
  const known = new Known();
  const findings: LintFinding[] = [];
  for (const file of files) findings.push(...(await lintFile(file, known)));
  return findings;
}

/** `migrations/0002_x.sql:3 index-concurrently: …`, with the rewrite below it */
export function findingText({ file, line, rule, problem, rewrite }: LintFinding): string {
  return `${file}:${line} ${rule}: ${problem}\n${rewrite.replace(/^/gm, '    ')}`;
}

async function lintFile(file: MigrationFile, known: Known): Promise<LintFinding[]> {
  known.beginFile();
  const finding = (line: number, rule: string, problem: string, rewrite: string): LintFinding => ({
    file: file.path,
    line,
    rule,
    problem,
    rewrite,
  });
  let statements: readonly ParsedStatement[];
  try {
    statements = await parseStatements(parseable(file));
  } catch (error) {
    if (!(error instanceof NotSql)) throw error;
    return [finding(error.line, 'syntax', error.message, 'correct it')];
  }
  const allows = allowsOf(file.sql);
  const findings = statements.flatMap((statement, index) => {
    const context = contextOf(file, statement, known);
    const isLast = index === statements.length - 1;
    const allowed = allows.filter((allow) => isAt(allow, statement, isLast)).map(({ rule }) => rule);
    const found = RULES.filter(({ name }) => !allowed.includes(name)).flatMap((rule) =>
      [rule.check(context) ?? []]
        .flat()
        .map(({ problem, rewrite }) => finding(statement.line, rule.name, problem, rewrite)),
    );
    known.take(statement);
    return found;
  });
  return [...findings, ...badAllows(file, allows, finding)];
}

type MakeFinding = (line: number, rule: string, problem: string, rewrite: string) => LintFinding;

function badAllows(
  file: MigrationFile,
  allows: readonly AllowDirective[],
  finding: MakeFinding,
): LintFinding[] {
  return allows.flatMap(({ rule, reason, index }) => {
    const line = lineAt(file.sql, index);
    if (!LINT_RULES.includes(rule))
      return [finding(line, 'allow', `there is no rule ${rule}`, `take one of ${LINT_RULES.join(', ')}`)];
    return reason === ''
      ? [finding(line, 'allow', 'says no reason', `-- goblin: allow ${rule}: why it does no harm here`)]
      : [];
  });
}

/** The steps of one ALTER TABLE are taken in as a rule looks for what they prove: they stand in order. */
function contextOf(file: MigrationFile, statement: ParsedStatement, known: Known): RuleContext {
  const context: RuleContext = {
    file,
    statement,
    isNew: (table) => known.isNew(table),
    isKnownNotNull: (table, column) => known.isKnownNotNull(table, column),
  };
  for (const { table, command } of alterations(context)) known.takeAlteration(table, command);
  return context;
}

function isAt({ index }: AllowDirective, { start, end }: ParsedStatement, isLast: boolean): boolean {
  return index >= start && (index < end || isLast);
}

/** A file's text as SQL: the bounds of a backfill are none. */
export function parseable({ kind, sql }: MigrationFile): string {
  return kind === 'backfill' ? withBounds(sql, '$1', '$2') : sql;
}
