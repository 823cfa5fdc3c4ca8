/** How two served tables belong together, found by their foreign keys. */
import type { Catalog, ForeignKey, Table } from './catalog.ts';
import type { Embedding } from './query.ts';
import { RestError } from './rest-error.ts';

/** From a row of one table to rows of another. */
export interface Relation {
  readonly table: Table;
  /** At most one row, by the rules of the database. */
  readonly toOne: boolean;
  /** Columns here and there that are equal; for `via`, on the two sides of it. */
  readonly here: readonly string[];
  readonly there: readonly string[];
  /** A table between, with a foreign key to either side. */
  readonly via?: {
    readonly table: Table;
    readonly here: readonly string[];
    readonly there: readonly string[];
  };
  /** What a hint may call it. */
  readonly names: readonly string[];
}

/** The one that a request means. @throws INVALID_INPUT when there is none (PGRST200) or several (PGRST201) */
export function relationOf(catalog: Catalog, from: Table, { relation, hint }: Embedding): Relation {
  const relations = [...direct(catalog, from, relation), ...junctions(catalog, from, relation)];
  const meant = hint === undefined ? relations : relations.filter(({ names }) => names.includes(hint));
  const [first, ...others] = meant;
  if (!first) {
    const by = hint === undefined ? '' : ` using the hint '${hint}'`;
    throw new RestError(
      'INVALID_INPUT',
      'PGRST200',
      `Could not find a relationship between '${from.name}' and '${relation}' in the schema cache`,
      {
        details: `Searched for a foreign key relationship between '${from.name}' and '${relation}'${by}, but no matches were found.`,
      },
    );
  }
  if (others.length > 0) {
    const hints = meant.map(({ names }) => `'${relation}!${names[0]}'`).join(', ');
    throw new RestError(
      'INVALID_INPUT',
      'PGRST201',
      `Could not embed because more than one relationship was found for '${from.name}' and '${relation}'`,
      { status: 300, hint: `Try changing '${relation}' to one of the following: ${hints}.` },
    );
  }
  return first;
}

/** `relation` is a table, or the foreign key or the one column that points at it. */
function direct(catalog: Catalog, from: Table, relation: string): Relation[] {
  const found: Relation[] = [];
  for (const key of from.foreignKeys) {
    const column = key.columns.length === 1 ? key.columns : [];
    const table = catalog.tables.get(key.table);
    if (!table || ![key.table, key.name, ...column].includes(relation)) continue;
    // A table that points at itself has the same constraint both ways; its column is the way up.
    const names = key.table === from.name ? column : [key.name, ...column];
    found.push({ table, toOne: true, here: key.columns, there: key.targets, names });
  }
  for (const { key, table } of keysTo(catalog, from.name)) {
    if (![table.name, key.name].includes(relation)) continue;
    const column = key.columns.length === 1 && table !== from ? key.columns : [];
    const toOne = table.uniques.some((unique) => unique.every((name) => key.columns.includes(name)));
    found.push({ table, toOne, here: key.targets, there: key.columns, names: [key.name, ...column] });
  }
  return found;
}

/** Tables between, whose primary key is made of both foreign keys. */
function junctions(catalog: Catalog, from: Table, relation: string): Relation[] {
  const table = catalog.tables.get(relation);
  if (!table) return [];
  return keysTo(catalog, from.name).flatMap(({ key: near, table: via }) =>
    via.foreignKeys
      .filter((far) => far !== near && far.table === relation && joins(via, near, far))
      .map((far) => ({
        table,
        toOne: false,
        here: near.targets,
        there: far.targets,
        via: { table: via, here: near.columns, there: far.columns },
        names: [via.name, far.name, near.name],
      })),
  );
}

function joins(via: Table, near: ForeignKey, far: ForeignKey): boolean {
  return [...near.columns, ...far.columns].every((name) => via.primaryKey.includes(name));
}

function keysTo({ tables }: Catalog, target: string): { key: ForeignKey; table: Table }[] {
  return [...tables.values()].flatMap((table) =>
    table.foreignKeys.filter((key) => key.table === target).map((key) => ({ key, table })),
  );
}
