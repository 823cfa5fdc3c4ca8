/** Constraints: a new one must not read the table under a lock; it is added unproven first, and proven afterwards. */
import type { ColumnDef, Constraint } from 'libpg-query';
import { constraint as constraintAt } from './column-rules.ts';
import { alterations, as, type Objection, type Rule, words } from './rule.ts';

interface AddedConstraint {
  readonly table: string;
  readonly constraint: Constraint;
  /** Where it stands at a new column. */
  readonly column: string | undefined;
  /** Whether that column has no value yet, in any row. */
  readonly isEmpty: boolean;
}

export const constraintRules: readonly Rule[] = [
  {
    name: 'add-foreign-key',
    check: (context) =>
      added(context).flatMap(({ table, constraint, column, isEmpty }): Objection[] => {
        if (constraint.contype !== 'CONSTR_FOREIGN' || constraint.skip_validation || isEmpty) return [];
        const name = constraint.conname ?? `${table}_${column ?? words(constraint.fk_attrs).join('_')}_fkey`;
        return [
          {
            problem: `FOREIGN KEY reads all of ${table} while nobody can write to it or to ${constraint.pktable?.relname}`,
            rewrite: validateLater(table, name, 'foreign key (…) references …'),
          },
        ];
      }),
  },
  {
    name: 'add-check',
    check: (context) =>
      added(context).flatMap(({ table, constraint, column }): Objection[] => {
        const { contype, conname, skip_validation } = constraint;
        // At a new column the table is read just the same.
        if (contype !== 'CONSTR_CHECK' || skip_validation) return [];
        const name = conname ?? `${table}_${column ?? '…'}_check`;
        return [
          {
            problem: `CHECK reads all of ${table} while nobody can read or write it`,
            rewrite: validateLater(table, name, 'check (…)'),
          },
        ];
      }),
  },
  {
    name: 'add-unique',
    check: (context) =>
      added(context).flatMap(({ table, constraint, column }): Objection[] => {
        const { contype, indexname } = constraint;
        const isKey = contype === 'CONSTR_PRIMARY';
        if ((!isKey && contype !== 'CONSTR_UNIQUE') || indexname) return [];
        const columns = column ?? words(constraint.keys).join(', ');
        const name =
          constraint.conname ?? `${table}_${isKey ? 'pkey' : `${columns.replaceAll(', ', '_')}_key`}`;
        return [
          {
            problem: `${isKey ? 'PRIMARY KEY' : 'UNIQUE'} builds its index while nobody can read or write ${table}`,
            rewrite: `in a file of its own:\n-- goblin: no transaction\ncreate unique index concurrently if not exists ${name} on ${table} (${columns});\nand in the next file:\nalter table ${table} add constraint ${name} ${isKey ? 'primary key' : 'unique'} using index ${name};`,
          },
        ];
      }),
  },
  {
    name: 'add-exclusion',
    check: (context) =>
      added(context).flatMap(({ table, constraint }): Objection[] =>
        constraint.contype === 'CONSTR_EXCLUSION'
          ? [
              {
                problem: `EXCLUDE builds its index while nobody can read or write ${table}, and cannot be built concurrently`,
                rewrite: 'make a new table with the constraint, fill it by a backfill, and switch over',
              },
            ]
          : [],
      ),
  },
];

function validateLater(table: string, name: string, definition: string): string {
  return `alter table ${table} add constraint ${name} ${definition} not valid;\nand in the next file:\nalter table ${table} validate constraint ${name};  -- others read and write meanwhile`;
}

function added(context: Parameters<typeof alterations>[0]): AddedConstraint[] {
  return alterations(context).flatMap(({ table, command: { subtype, def } }): AddedConstraint[] => {
    if (!def) return [];
    if (subtype === 'AT_AddConstraint') {
      const constraint = as<Constraint>(def, 'Constraint');
      return constraint ? [{ table, constraint, column: undefined, isEmpty: false }] : [];
    }
    const column = subtype === 'AT_AddColumn' ? as<ColumnDef>(def, 'ColumnDef') : undefined;
    const isEmpty = column !== undefined && !constraintAt(column, 'CONSTR_DEFAULT');
    return (column?.constraints ?? []).flatMap((node) => {
      const constraint = as<Constraint>(node, 'Constraint');
      return constraint ? [{ table, constraint, column: column?.colname, isEmpty }] : [];
    });
  });
}
