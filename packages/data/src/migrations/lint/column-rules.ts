/** Columns: a new one must not rewrite the table, and none may vanish or change under a version that still uses it. */
import type { ColumnDef, Constraint, Node, RenameStmt } from 'libpg-query';
import { alterations, as, nameOf, type Objection, type Rule } from './rule.ts';

/** They are computed once, at the time of the statement, and not for each row. */
const STABLE_FUNCTIONS = new Set(['now', 'current_user', 'transaction_timestamp', 'statement_timestamp']);

export const columnRules: readonly Rule[] = [
  {
    name: 'add-column-not-null',
    check: (context) =>
      alterations(context).flatMap(({ table, command }) => {
        const column = added(command.subtype, command.def);
        if (!column || !constraint(column, 'CONSTR_NOTNULL') || fillsItself(column)) return [];
        return {
          problem: `${column.colname} may not be null and has no default: it fails where ${table} has rows, and the inserts of an older version fail from then on`,
          rewrite: `alter table ${table} add column ${column.colname} …;  -- or with a constant default\nthen fill it by a backfill, and set not null by a contract`,
        };
      }),
  },
  {
    name: 'add-column-rewrite',
    check: (context) =>
      alterations(context).flatMap(({ table, command }) => {
        const column = added(command.subtype, command.def);
        const why = column && rewriteOf(column);
        if (!column || !why) return [];
        return {
          problem: `${why}: every row of ${table} is written anew while nobody can read or write it`,
          rewrite: `alter table ${table} add column ${column.colname} …;  -- without it\nalter table ${table} alter column ${column.colname} set default …;  -- for new rows\nthen fill the old rows by a backfill`,
        };
      }),
  },
  {
    name: 'set-not-null',
    check: (context) =>
      alterations(context).flatMap(({ table, command: { subtype, name = '' } }) => {
        if (subtype !== 'AT_SetNotNull' || context.isKnownNotNull(table, name)) return [];
        return {
          problem: `SET NOT NULL reads all of ${table} while nobody can read or write it`,
          rewrite: `alter table ${table} add constraint ${name}_not_null check (${name} is not null) not valid;\nand in the next file:\nalter table ${table} validate constraint ${name}_not_null;\nalter table ${table} alter column ${name} set not null;  -- finds the constraint, reads nothing`,
        };
      }),
  },
  {
    name: 'change-type',
    check: (context) =>
      alterations(context).flatMap(({ table, command: { subtype, name = '' } }) => {
        if (subtype !== 'AT_AlterColumnType') return [];
        return {
          problem: `changing the type of ${name} can write all of ${table} anew while nobody can read or write it, and an older version still expects the old type`,
          rewrite: `add a column of the new type (expand), keep both in step by a trigger, fill it by a backfill, use it, and drop ${name} by a contract. From varchar to text, or to a longer varchar, nothing is written: allow that`,
        };
      }),
  },
  {
    name: 'drop-column',
    check: (context) =>
      context.file.kind === 'contract'
        ? []
        : alterations(context).flatMap(({ table, command: { subtype, name = '' } }) =>
            subtype === 'AT_DropColumn' ? takenAway(`${table}.${name}`) : [],
          ),
  },
  {
    name: 'rename',
    check({ statement, isNew }) {
      const rename = as<RenameStmt>(statement.node, 'RenameStmt');
      const table = nameOf(rename?.relation);
      if (!rename || isNew(table)) return undefined;
      if (rename.renameType === 'OBJECT_COLUMN') {
        return {
          problem: `a version that knows ${table}.${rename.subname} fails from this moment on`,
          rewrite: `add ${rename.newname} (expand), keep both in step by a trigger, fill it by a backfill, and drop ${rename.subname} by a contract`,
        };
      }
      if (rename.renameType !== 'OBJECT_TABLE') return undefined;
      return {
        problem: `a version that knows ${table} fails from this moment on`,
        rewrite: `alter table ${table} rename to ${rename.newname};\ncreate view ${table} as select * from ${rename.newname};  -- in the same file, for the older version\nand allow it: -- goblin: allow rename: a view keeps the old name`,
      };
    },
  },
];

export function takenAway(what: string): Objection {
  return {
    problem: `a version that still runs and uses ${what} fails from this moment on`,
    rewrite:
      'put it into a file named like 0005_drop_….contract.sql: it runs when you say `goblin db migrate --contract`',
  };
}

function added(subtype: string | undefined, def: Node | undefined): ColumnDef | undefined {
  return subtype === 'AT_AddColumn' && def ? as<ColumnDef>(def, 'ColumnDef') : undefined;
}

export function constraint(column: ColumnDef, type: string): Constraint | undefined {
  return (column.constraints ?? [])
    .map((node) => as<Constraint>(node, 'Constraint'))
    .find((one) => one?.contype === type);
}

function fillsItself(column: ColumnDef): boolean {
  return ['CONSTR_DEFAULT', 'CONSTR_IDENTITY', 'CONSTR_GENERATED'].some((type) => constraint(column, type));
}

function rewriteOf(column: ColumnDef): string | undefined {
  const type = (column.typeName?.names ?? [])
    .map((node) => as<{ sval?: string }>(node, 'String')?.sval)
    .at(-1);
  const { colname } = column;
  if (type?.endsWith('serial')) return `${colname} is numbered by a sequence`;
  if (constraint(column, 'CONSTR_IDENTITY')) return `${colname} is numbered by a sequence`;
  const generated = constraint(column, 'CONSTR_GENERATED');
  // A virtual one is computed when it is read.
  if (generated && generated.generated_kind !== 'v') return `${colname} is generated and stored`;
  const expression = constraint(column, 'CONSTR_DEFAULT')?.raw_expr;
  const call = expression && volatileCall(expression);
  return call ? `the default of ${colname} calls ${call}() for each row` : undefined;
}

/** The first function in an expression that may answer otherwise for each row. */
function volatileCall(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'FuncCall') {
      const name =
        as<{ sval?: string }>((inner as { funcname: Node[] }).funcname.at(-1)!, 'String')?.sval ?? '';
      if (!STABLE_FUNCTIONS.has(name)) return name;
    }
    const found = volatileCall(inner);
    if (found) return found;
  }
  return undefined;
}
