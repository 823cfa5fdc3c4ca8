/** Whole statements. Each answers one row: the rows as one text, how many they are, and how many there are in all where
 * that is asked for. */

import { MAX_ANSWER_BYTES, MAX_SHAPES } from './bounds.ts';
import type { Table } from './catalog.ts';
import { conditionsSql } from './condition-sql.ts';
import type { Query, RowsQuery } from './query.ts';
import { countRows, type Form, type Reading, readRows, type Writing } from './read-sql.ts';
import { RestError } from './rest-error.ts';
import { columnOf, qualified, quoted, Source, type SqlScope } from './source.ts';

export interface RestStatement {
  readonly text: string;
  readonly values: readonly unknown[];
  readonly labels: readonly string[];
}

/** What a statement answers. */
export interface RestResult {
  /** A JSON array; null when it is longer than MAX_ANSWER_BYTES. */
  readonly body: string | null;
  readonly rows: number;
  /** Null when it was not asked for. */
  readonly total: number | null;
}

export function readStatement(
  query: RowsQuery,
  table: Table,
  form: Form,
  countAll: boolean,
  writing: Writing,
): RestStatement {
  const { scope, catalog } = writing;
  const from = qualified(catalog.schema, table.name);
  const reading = readRows(query, new Source(table, scope.alias()), from, form, writing);
  const total = countAll
    ? `(select count(*) from (${countRows(query, new Source(table, scope.alias()), from, writing)}) as counted)`
    : 'null::bigint';
  return { text: collected('', reading, total, scope), values: scope.values, labels: reading.labels };
}

/** A statement whose plan says about how many rows there are. */
export function planStatement(
  query: RowsQuery,
  table: Table,
  writing: Writing,
): { text: string; values: readonly unknown[] } {
  const { scope, catalog } = writing;
  const source = new Source(table, scope.alias());
  const rows = countRows(query, source, qualified(catalog.schema, table.name), writing);
  return { text: `explain (format json) ${rows}`, values: scope.values };
}

function collected(before: string, { sql }: Reading, total: string, scope: SqlScope): string {
  const fits = `octet_length(body) <= ${scope.bind(MAX_ANSWER_BYTES, 'integer')}`;
  return `${before}select case when ${fits} then body end as body, rows, ${total} as total
    from (select coalesce(json_agg(item), '[]')::text as body, count(*)::integer as rows from (${sql}) as items) as collected`;
}

/** What a request changes. */
export type Change =
  | { readonly kind: 'insert'; readonly shapes: readonly Shape[]; readonly conflict: Conflict | undefined }
  | { readonly kind: 'update'; readonly values: Readonly<Record<string, unknown>> }
  | { readonly kind: 'delete' };

/** Objects that have the same keys. */
export interface Shape {
  readonly columns: readonly string[];
  readonly objects: readonly Readonly<Record<string, unknown>>[];
}

export interface Conflict {
  readonly columns: readonly string[];
  readonly resolution: 'merge' | 'ignore';
}

/** A statement that changes rows, and reads what they have become where `form` says how. */
export function changeStatement(
  change: Change,
  query: Query,
  table: Table,
  form: Form | undefined,
  writing: Writing,
): RestStatement {
  const { scope } = writing;
  const changed = quoted('changed');
  const source = new Source(table, scope.alias());
  const { rows } = query;
  // Which rows are changed, the filters say; what was changed is read whole.
  const reading = form && readRows({ ...rows, conditions: [] }, source, changed, form, writing);
  const returned = [...source.used];
  const changes = changesSql(change, rows, table, returned, writing);
  const ctes = changes.map((sql, i) => `c${i} as (${sql})`).join(', ');
  const all = changes.map((_, i) => `select * from c${i}`).join(' union all ');
  const before = `with ${ctes}, ${changed} as (${all}) `;
  const total = `(select count(*) from ${changed})`;
  if (reading)
    return { text: collected(before, reading, total, scope), values: scope.values, labels: reading.labels };
  return {
    text: `${before}select null as body, 0 as rows, ${total} as total`,
    values: scope.values,
    labels: [],
  };
}

function changesSql(
  change: Change,
  rows: RowsQuery,
  table: Table,
  returned: readonly string[],
  writing: Writing,
): string[] {
  const target = new Source(table, writing.scope.alias());
  const columns = returned.map((name) => target.ref(name));
  const returning = ` returning ${columns.length > 0 ? columns.join(', ') : 'true as changed'}`;
  const name = `${qualified(writing.catalog.schema, table.name)} as ${target.alias}`;
  if (change.kind === 'insert') {
    if (change.shapes.length > MAX_SHAPES)
      throw new RestError(
        'INVALID_INPUT',
        'PGRST102',
        `the objects have more than ${MAX_SHAPES} different sets of keys`,
      );
    return change.shapes.map(
      (shape) => insertSql(name, shape, change.conflict, table, writing.scope) + returning,
    );
  }
  const conditions = conditionsSql(rows.conditions, target, writing.scope, writing.catalog);
  const where = conditions.length === 0 ? '' : ` where ${conditions.join(' and ')}`;
  if (change.kind === 'delete') return [`delete from ${name}${where}${returning}`];
  const keys = Object.keys(change.values);
  const given = `json_to_record(${writing.scope.bind(JSON.stringify(change.values), 'json')}) as given(${typedColumns(table, keys)})`;
  const settings = keys.map((key) => `${quoted(key)} = given.${quoted(key)}`).join(', ');
  return [`update ${name} set ${settings} from ${given}${where}${returning}`];
}

function insertSql(
  name: string,
  { columns, objects }: Shape,
  conflict: Conflict | undefined,
  table: Table,
  scope: SqlScope,
): string {
  const resolution = conflict ? conflictSql(conflict, columns) : '';
  if (columns.length === 0) return `insert into ${name} default values${resolution}`;
  const names = columns.map(quoted).join(', ');
  const given = `json_to_recordset(${scope.bind(JSON.stringify(objects), 'json')}) as given(${typedColumns(table, columns)})`;
  return `insert into ${name} (${names}) select ${names} from ${given}${resolution}`;
}

function conflictSql({ columns, resolution }: Conflict, given: readonly string[]): string {
  const target = columns.length === 0 ? '' : ` (${columns.map(quoted).join(', ')})`;
  if (resolution === 'ignore' || given.length === 0) return ` on conflict${target} do nothing`;
  const settings = given.map((name) => `${quoted(name)} = excluded.${quoted(name)}`).join(', ');
  return ` on conflict${target} do update set ${settings}`;
}

function typedColumns(table: Table, names: readonly string[]): string {
  return names.map((name) => `${quoted(name)} ${columnOf(table, name).type}`).join(', ');
}
