/** What the database knows of the tables that are served: the only source of names and types in the SQL that is written.
 * A snapshot is read in one statement and does not change; catalog-cache.ts replaces it. */
import type { Database } from '../database/database.ts';

/** What a value of a type can be asked. */
export type Nature = 'text' | 'boolean' | 'json' | 'array' | 'range' | 'tsvector' | 'other';

export interface Column {
  readonly name: string;
  /** As SQL, with its length or precision: `numeric(10,2)`. */
  readonly type: string;
  /** The same for any length: what a value is compared as. */
  readonly anyType: string;
  readonly nature: Nature;
  /** Whether it can be ordered and compared. */
  readonly comparable: boolean;
  readonly nullable: boolean;
  readonly hasDefault: boolean;
  /** False for what the database computes, and for types that are a language of their own. */
  readonly writable: boolean;
  readonly comment: string | null;
  readonly values: readonly string[] | null;
}

export interface ForeignKey {
  readonly name: string;
  readonly columns: readonly string[];
  readonly table: string;
  /** What the columns point at, in the same order. */
  readonly targets: readonly string[];
}

export interface Table {
  readonly name: string;
  readonly isView: boolean;
  readonly comment: string | null;
  readonly columns: ReadonlyMap<string, Column>;
  readonly primaryKey: readonly string[];
  /** Sets of columns that no two rows share, the primary key among them. */
  readonly uniques: readonly (readonly string[])[];
  /** To tables that are served. */
  readonly foreignKeys: readonly ForeignKey[];
  readonly insertable: boolean;
  readonly updatable: boolean;
}

export interface Catalog {
  readonly schema: string;
  readonly tables: ReadonlyMap<string, Table>;
  /** Configurations of text search: `english`. */
  readonly textSearches: ReadonlySet<string>;
}

/** What the statement below answers for each table. */
interface TableRow extends Omit<Table, 'columns'> {
  readonly columns: readonly (Omit<Column, 'nature' | 'comparable'> & {
    readonly base: string;
    readonly category: string;
  })[];
}

/** Reads what is there of `tables`. @throws what a query throws */
export async function readCatalog(db: Database, schema: string, tables: readonly string[]): Promise<Catalog> {
  const { found, searches } = await db.one<{ found: TableRow[]; searches: string[] }>(READ, [schema, tables]);
  const named = found.map((row): [string, Table] => [
    row.name,
    { ...row, columns: new Map(row.columns.map((column) => [column.name, asColumn(column)])) },
  ]);
  return { schema, tables: new Map(named), textSearches: new Set(searches) };
}

function asColumn({ base, category, ...column }: TableRow['columns'][number]): Column {
  const element = base.replace(/^_/, '');
  return {
    ...column,
    nature: natureOf(base, category),
    comparable: !UNORDERED.has(element) && !PARSED.has(element),
    writable: column.writable && !PARSED.has(element),
  };
}

function natureOf(base: string, category: string): Nature {
  if (base === 'json' || base === 'jsonb') return 'json';
  if (base === 'tsvector') return 'tsvector';
  return NATURES[category] ?? 'other';
}

/** https://www.postgresql.org/docs/current/catalog-pg-type.html#CATALOG-TYPCATEGORY-TABLE */
const NATURES: Readonly<Record<string, Nature>> = { S: 'text', B: 'boolean', A: 'array', R: 'range' };

/** Types without an order, and arrays of them. */
const UNORDERED: ReadonlySet<string> = new Set([
  'json',
  'xml',
  'point',
  'line',
  'lseg',
  'box',
  'path',
  'polygon',
  'circle',
  'xid',
  'cid',
  'aclitem',
]);

/** Types whose values are a language of their own, or names: what is wrong in one, PostgreSQL calls a mistake in the SQL. */
const PARSED: ReadonlySet<string> = new Set([
  'tsvector',
  'tsquery',
  'jsonpath',
  'regclass',
  'regcollation',
  'regconfig',
  'regdictionary',
  'regnamespace',
  'regoper',
  'regoperator',
  'regproc',
  'regprocedure',
  'regrole',
  'regtype',
]);

/** A length or precision of -1 makes the form of a type that takes any: `bpchar` and not `character`, which is one. */
const READ = `
  select
    (select coalesce(jsonb_agg(cfgname), '[]') from pg_ts_config where pg_ts_config_is_visible(oid)) as searches,
    (select coalesce(jsonb_agg(jsonb_build_object(
      'name', t.relname,
      'isView', t.relkind in ('v', 'm'),
      'comment', obj_description(t.oid, 'pg_class'),
      'insertable', pg_relation_is_updatable(t.oid, true) & 8 > 0,
      'updatable', pg_relation_is_updatable(t.oid, true) & 4 > 0,
      'columns', (
        select coalesce(jsonb_agg(jsonb_build_object(
          'name', a.attname,
          'type', format_type(a.atttypid, a.atttypmod),
          'anyType', format_type(a.atttypid, -1),
          'base', coalesce(b.typname, y.typname),
          'category', y.typcategory,
          'nullable', not (a.attnotnull or y.typnotnull),
          'hasDefault', a.atthasdef or a.attidentity <> '',
          'writable', a.attgenerated = '' and a.attidentity <> 'a',
          'comment', col_description(t.oid, a.attnum),
          'values', (select jsonb_agg(enumlabel order by enumsortorder) from pg_enum where enumtypid = coalesce(b.oid, y.oid))
        ) order by a.attnum), '[]')
        from pg_attribute as a
        join pg_type as y on y.oid = a.atttypid
        left join pg_type as b on b.oid = nullif(y.typbasetype, 0)
        where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
      ),
      'primaryKey', coalesce((
        select jsonb_agg(a.attname order by k.place)
        from pg_index as i, unnest(i.indkey) with ordinality as k (attnum, place)
        join pg_attribute as a on a.attnum = k.attnum
        where i.indrelid = t.oid and a.attrelid = t.oid and i.indisprimary and k.place <= i.indnkeyatts
      ), '[]'),
      'uniques', coalesce((
        select jsonb_agg((
          select jsonb_agg(a.attname order by k.place)
          from unnest(i.indkey) with ordinality as k (attnum, place)
          join pg_attribute as a on a.attrelid = t.oid and a.attnum = k.attnum
          where k.place <= i.indnkeyatts
        ))
        from pg_index as i
        where i.indrelid = t.oid and i.indisunique and i.indimmediate and i.indpred is null and i.indexprs is null
      ), '[]'),
      'foreignKeys', coalesce((
        select jsonb_agg(jsonb_build_object(
          'name', c.conname,
          'table', r.relname,
          'columns', (
            select jsonb_agg(a.attname order by k.place) from unnest(c.conkey) with ordinality as k (attnum, place)
            join pg_attribute as a on a.attrelid = t.oid and a.attnum = k.attnum
          ),
          'targets', (
            select jsonb_agg(a.attname order by k.place) from unnest(c.confkey) with ordinality as k (attnum, place)
            join pg_attribute as a on a.attrelid = r.oid and a.attnum = k.attnum
          )
        ) order by c.conname)
        from pg_constraint as c
        join pg_class as r on r.oid = c.confrelid
        where c.contype = 'f' and c.conrelid = t.oid and c.conparentid = 0
          and r.relnamespace = t.relnamespace and r.relname = any($2)
      ), '[]')
    ) order by t.relname), '[]')
    from pg_class as t
    join pg_namespace as n on n.oid = t.relnamespace
    where n.nspname = $1 and t.relname = any($2) and t.relkind in ('r', 'p', 'v', 'm', 'f')) as found`;
