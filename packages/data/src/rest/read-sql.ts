/** Rows as JSON, written by the database: numbers keep all their digits, and this process only passes the text on. The names
 * that a client gives to fields are values too: `json_build_object($1, t0."amount_minor")`. */
import type { Catalog } from './catalog.ts';
import { conditionsSql } from './condition-sql.ts';
import { operandOf, unfit } from './operand.ts';
import type { Embedding, RowsQuery, SelectItem } from './query.ts';
import { type Relation, relationOf } from './relations.ts';
import { notUnderstood, RestError } from './rest-error.ts';
import { columnOf, equal, qualified, Source, type SqlScope } from './source.ts';

/** Types that a client may cast to (`amount::text`). */
const CASTS: ReadonlySet<string> = new Set([
  'text',
  'integer',
  'int',
  'bigint',
  'numeric',
  'boolean',
  'date',
  'timestamp',
  'timestamptz',
  'json',
  'jsonb',
  'uuid',
]);

/** A function takes 100 arguments. */
const MAX_PAIRS = 50;

/** How rows are written. */
export type Form = 'json' | 'json without nulls' | 'csv';

/** What statements are written for. */
export interface Writing {
  readonly catalog: Catalog;
  readonly scope: SqlScope;
  /** Rows of one list, at most. */
  readonly maxRows: number;
}

interface Entry {
  readonly label: string;
  readonly sql: string;
}

export interface Reading {
  /** Gives one row per row, with the one column `item`. */
  readonly sql: string;
  /** The names of the fields, in their order. */
  readonly labels: readonly string[];
}

/** A statement that reads `rows` of `source`, which stands in SQL as `from`. */
export function readRows(
  rows: RowsQuery,
  source: Source,
  from: string,
  form: Form,
  writing: Writing,
): Reading {
  const entries = entriesOf(rows, source, writing);
  const item = itemSql(entries, form, writing.scope);
  const where = whereSql(rows, source, writing);
  const sql = `select ${item} as item from ${from} as ${source.alias}${where}${pageSql(rows, source, writing)}`;
  return { sql, labels: entries.map(({ label }) => label) };
}

/** How many rows there are without paging. */
export function countRows(rows: RowsQuery, source: Source, from: string, writing: Writing): string {
  return `select 1 from ${from} as ${source.alias}${whereSql(rows, source, writing)}`;
}

function itemSql(entries: readonly Entry[], form: Form, scope: SqlScope): string {
  if (form === 'csv')
    return `to_json(array[${entries.map(({ sql }) => `(${sql})::text`).join(', ')}]::text[])`;
  const object = objectSql(entries, scope);
  return form === 'json' ? object : `json_strip_nulls(${object})`;
}

function objectSql(entries: readonly Entry[], scope: SqlScope): string {
  const pairs = entries.map(({ label, sql }) => [scope.bind(label, 'text'), sql] as const);
  if (pairs.length <= MAX_PAIRS) return `json_build_object(${pairs.flat().join(', ')})`;
  const rows = pairs.map(([label, sql]) => `(${label}, to_json(${sql}))`).join(', ');
  return `(select json_object_agg(label, field) from (values ${rows}) as fields (label, field))`;
}

/** The fields of a row; of two with one name the later. */
function entriesOf({ select }: RowsQuery, source: Source, writing: Writing): Entry[] {
  const entries = select.flatMap((item) => itemEntries(item, source, writing));
  return [...new Map(entries.map((entry) => [entry.label, entry])).values()];
}

function itemEntries(item: SelectItem, source: Source, writing: Writing): Entry[] {
  if (item.kind === 'all')
    return [...source.table.columns.keys()].map((name) => ({ label: name, sql: source.ref(name) }));
  if (item.kind === 'field') return [{ label: item.label, sql: fieldSql(item, source, writing) }];
  return embeddedEntries(item, source, writing);
}

function fieldSql(
  { field, cast }: SelectItem & { kind: 'field' },
  source: Source,
  { scope }: Writing,
): string {
  const sql =
    field.path.length > 0
      ? operandOf(field, source, scope).sql
      : source.ref(columnOf(source.table, field.column).name);
  if (cast === undefined) return sql;
  if (!CASTS.has(cast))
    throw notUnderstood(`there is no cast to ${JSON.stringify(cast)}`, `casts: ${[...CASTS].join(', ')}`);
  return `(${sql})::text::${cast}`;
}

/** Related rows as SQL: those that belong to a row of `here`. */
interface Related {
  readonly source: Source;
  readonly from: string;
  /** With the conditions that tie them to the row. */
  readonly where: string;
  readonly toOne: boolean;
}

function relatedTo(embedding: Embedding, here: Source, writing: Writing): Related {
  const { catalog, scope } = writing;
  const relation = relationOf(catalog, here.table, embedding);
  const source = new Source(relation.table, scope.alias());
  const tie = tieSql(relation, here, source, writing);
  const where = whereSql(embedding.rows, source, writing, tie);
  return { source, from: qualified(catalog.schema, relation.table.name), where, toOne: relation.toOne };
}

function tieSql(
  { here: near, there: far, via }: Relation,
  here: Source,
  there: Source,
  writing: Writing,
): string {
  if (!via) return equal(there, far, here, near);
  const between = new Source(via.table, writing.scope.alias());
  const from = `${qualified(writing.catalog.schema, via.table.name)} as ${between.alias}`;
  const ties = `${equal(between, via.here, here, near)} and ${equal(between, via.there, there, far)}`;
  return `exists (select from ${from} where ${ties})`;
}

function embeddedEntries(embedding: Embedding, here: Source, writing: Writing): Entry[] {
  const { source, from, where, toOne } = relatedTo(embedding, here, writing);
  const { rows, label } = embedding;
  const entries = entriesOf(rows, source, writing);
  const select = (what: string): string => `select ${what} from ${from} as ${source.alias}${where}`;
  if (embedding.spread) {
    if (!toOne)
      throw new RestError(
        'INVALID_INPUT',
        'PGRST119',
        `'${embedding.relation}' has several rows for each row: it cannot be spread`,
      );
    return entries.map((entry) => ({ label: entry.label, sql: `(${select(entry.sql)} limit 1)` }));
  }
  if (entries.length === 0) return [];
  const object = objectSql(entries, writing.scope);
  if (toOne) return [{ label, sql: `(${select(object)} limit 1)` }];
  const page = `${select(`${object} as item`)}${pageSql(rows, source, writing)}`;
  return [{ label, sql: `(select coalesce(json_agg(item), '[]') from (${page}) as items)` }];
}

/** The conditions of `rows`, those of inner embeddings among them. */
function whereSql(rows: RowsQuery, source: Source, writing: Writing, tie?: string): string {
  const conditions = [
    ...(tie === undefined ? [] : [tie]),
    ...conditionsSql(rows.conditions, source, writing.scope, writing.catalog),
    ...rows.select.flatMap((item) => {
      if (item.kind !== 'embedding' || !item.inner) return [];
      const { source: inner, from, where } = relatedTo(item, source, writing);
      return [`exists (select from ${from} as ${inner.alias}${where})`];
    }),
  ];
  return conditions.length === 0 ? '' : ` where ${conditions.join(' and ')}`;
}

function pageSql({ order, limit, offset }: RowsQuery, source: Source, { scope, maxRows }: Writing): string {
  const terms = order.map(({ field, descending, nulls }) => {
    const { sql, type, comparable, name } = operandOf(field, source, scope);
    if (!comparable) throw unfit(name, type, 'has no order');
    return `${sql}${descending ? ' desc' : ''}${nulls === undefined ? '' : ` nulls ${nulls}`}`;
  });
  const by = terms.length === 0 ? '' : ` order by ${terms.join(', ')}`;
  const from = offset === 0 ? '' : ` offset ${scope.bind(offset, 'bigint')}`;
  return `${by} limit ${scope.bind(Math.min(limit ?? maxRows, maxRows), 'bigint')}${from}`;
}
