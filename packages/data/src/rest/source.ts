/** The pieces of SQL that are written here: names from the catalog, quoted; values as numbered parameters with their types;
 * and words of this folder. Nothing of a request becomes part of the text. */
import { driver } from '../database/driver.ts';
import type { Column, Table } from './catalog.ts';
import { RestError } from './rest-error.ts';

/** The values of one statement, and names for what stands in it. */
export class SqlScope {
  readonly values: unknown[] = [];
  #aliases = 0;

  /** A parameter with its type, which is a word of ours or comes from the catalog. */
  bind(value: unknown, type: string): string {
    this.values.push(value);
    return `$${this.values.length}::${type}`;
  }

  alias(): string {
    return `t${this.#aliases++}`;
  }
}

export function quoted(name: string): string {
  return driver().escapeIdentifier(name);
}

export function qualified(schema: string, name: string): string {
  return `${quoted(schema)}.${quoted(name)}`;
}

/** A table as it stands in a statement, under an alias. */
export class Source {
  readonly table: Table;
  readonly alias: string;
  /** Columns that were asked for: what a change has to return to be read. */
  readonly used: Set<string> = new Set();

  constructor(table: Table, alias: string) {
    this.table = table;
    this.alias = alias;
  }

  /** A reference to a column. */
  ref(name: string): string {
    this.used.add(name);
    return `${this.alias}.${quoted(name)}`;
  }
}

/** @throws INVALID_INPUT (PGRST204) when the table has no such column */
export function columnOf(table: Table, name: string): Column {
  const column = table.columns.get(name);
  if (column) return column;
  throw new RestError(
    'INVALID_INPUT',
    'PGRST204',
    `Could not find the '${name}' column of '${table.name}' in the schema cache`,
  );
}

/** The condition that some columns of two sources are equal. */
export function equal(
  one: Source,
  columns: readonly string[],
  other: Source,
  others: readonly string[],
): string {
  return columns.map((name, i) => `${one.ref(name)} = ${other.ref(others[i]!)}`).join(' and ');
}
