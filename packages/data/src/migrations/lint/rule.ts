/** What a rule is: it looks at one statement, knows what stands before it, and says what is wrong and how to do it safely. */
import type { AlterTableCmd, Node, RangeVar } from 'libpg-query';
import type { MigrationFile } from '../migration-files.ts';
import type { ParsedStatement } from './parse.ts';

export interface Objection {
  /** What happens to the others while this runs, or to a version that runs beside it. */
  readonly problem: string;
  /** SQL, or a sentence, that does the same without. */
  readonly rewrite: string;
}

export interface RuleContext {
  readonly file: MigrationFile;
  readonly statement: ParsedStatement;
  /** Whether the table is made in the same file, so that nobody uses it yet. */
  isNew(table: string): boolean;
  /** Whether a validated constraint, in this file or an earlier one, says that the column is never null. */
  isKnownNotNull(table: string, column: string): boolean;
}

export interface Rule {
  /** As in `-- goblin: allow <name>: …` */
  readonly name: string;
  check(context: RuleContext): Objection | undefined | readonly Objection[];
}

/** The statement when it is of this type. */
export function as<T>(node: Node, type: string): T | undefined {
  return (node as unknown as Record<string, T | undefined>)[type];
}

/** `account`, or `other.account`. */
export function nameOf(table: RangeVar | undefined): string {
  return table?.schemaname ? `${table.schemaname}.${table.relname}` : (table?.relname ?? '');
}

/** Text of the parts of a qualified name. */
export function words(list: readonly Node[] | undefined): string[] {
  return (list ?? []).map((node) => as<{ sval?: string }>(node, 'String')?.sval ?? '');
}

/** The steps of ALTER TABLE on a table that was there before; none for other statements. */
export function alterations(context: RuleContext): { table: string; command: AlterTableCmd }[] {
  const alter = as<{ relation?: RangeVar; cmds?: Node[]; objtype?: string }>(
    context.statement.node,
    'AlterTableStmt',
  );
  const table = nameOf(alter?.relation);
  if (alter?.objtype !== 'OBJECT_TABLE' || context.isNew(table)) return [];
  return (alter.cmds ?? []).flatMap((node) => {
    const command = as<AlterTableCmd>(node, 'AlterTableCmd');
    return command ? [{ table, command }] : [];
  });
}
