/** What the linter remembers from file to file: which tables are new, and which columns are proven to be filled. */
import type { AlterTableCmd, Constraint, CreateStmt, CreateTableAsStmt, Node, NullTest } from 'libpg-query';
import type { ParsedStatement } from './parse.ts';
import { as, nameOf, words } from './rule.ts';

export class Known {
  /** Tables made in the file at hand. */
  readonly #made = new Set<string>();
  /** Constraint to column, where the constraint says that it is not null; by `table.constraint`. */
  readonly #claims = new Map<string, string>();
  /** `table.column` */
  readonly #proven = new Set<string>();

  beginFile(): void {
    this.#made.clear();
  }

  isNew(table: string): boolean {
    return this.#made.has(table);
  }

  isKnownNotNull(table: string, column: string): boolean {
    return this.#proven.has(`${table}.${column}`);
  }

  /** After the rules have seen the statement. */
  take({ node }: ParsedStatement): void {
    const created =
      as<CreateStmt>(node, 'CreateStmt')?.relation ??
      as<CreateTableAsStmt>(node, 'CreateTableAsStmt')?.into?.rel;
    if (created) this.#made.add(nameOf(created));
  }

  /** One step of ALTER TABLE, in order, because a statement may prove a column and then use that. */
  takeAlteration(table: string, { subtype, name, def }: AlterTableCmd): void {
    const constraint = subtype === 'AT_AddConstraint' && def ? as<Constraint>(def, 'Constraint') : undefined;
    const column = constraint && columnNotNull(constraint);
    if (constraint && column) {
      if (!constraint.skip_validation) this.#proven.add(`${table}.${column}`);
      else this.#claims.set(`${table}.${constraint.conname}`, column);
    }
    if (subtype === 'AT_ValidateConstraint') {
      const proven = this.#claims.get(`${table}.${name}`);
      if (proven) this.#proven.add(`${table}.${proven}`);
    }
  }
}

/** `check (email is not null)`, or PostgreSQL 18's `not null email` */
function columnNotNull({ contype, raw_expr, keys }: Constraint): string | undefined {
  if (contype === 'CONSTR_NOTNULL') return words(keys)[0];
  const test = contype === 'CONSTR_CHECK' && raw_expr ? as<NullTest>(raw_expr, 'NullTest') : undefined;
  if (test?.nulltesttype !== 'IS_NOT_NULL') return undefined;
  const fields = as<{ fields?: Node[] }>(test.arg as Node, 'ColumnRef')?.fields;
  return words(fields)[0];
}
