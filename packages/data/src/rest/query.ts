/** A request for rows, as read from a query string and before it is known whether any such table or column exists. */

/** A step into JSON: `->key`, `->>key`, `->0`. */
export interface JsonStep {
  readonly key: string | number;
  /** `->>` */
  readonly asText: boolean;
}

/** A column, or something inside it. */
export interface Field {
  readonly column: string;
  readonly path: readonly JsonStep[];
}

export type SelectItem =
  | { readonly kind: 'all' }
  | {
      readonly kind: 'field';
      readonly field: Field;
      readonly label: string;
      readonly cast: string | undefined;
    }
  | Embedding;

/** Rows of a related table inside each row: `customer(name)`. */
export interface Embedding {
  readonly kind: 'embedding';
  readonly relation: string;
  readonly label: string;
  /** Which of several relations: the name of a constraint, a column or a table between. */
  readonly hint: string | undefined;
  /** Rows without a related one are left out. */
  readonly inner: boolean;
  /** `...customer(name)`: its fields become those of the row around it. */
  readonly spread: boolean;
  readonly rows: RowsQuery;
}

export const COMPARISONS = [
  'eq',
  'neq',
  'gt',
  'gte',
  'lt',
  'lte',
  'like',
  'ilike',
  'match',
  'imatch',
  'isdistinct',
  'cs',
  'cd',
  'ov',
  'sl',
  'sr',
  'nxl',
  'nxr',
  'adj',
  'fts',
  'plfts',
  'phfts',
  'wfts',
] as const;

export type Comparison = (typeof COMPARISONS)[number];

export type Truth = 'null' | 'not_null' | 'true' | 'false' | 'unknown';

/** What stands behind the column of a filter: `gte.100`. */
export type Test =
  | { readonly kind: 'in'; readonly values: readonly string[] }
  | { readonly kind: 'is'; readonly truth: Truth }
  | {
      readonly kind: 'compare';
      readonly operator: Comparison;
      /** `any` or `all` of an array, or the configuration of a text search. */
      readonly modifier: string | undefined;
      readonly value: string;
    };

export type Condition =
  | { readonly kind: 'test'; readonly field: Field; readonly negated: boolean; readonly test: Test }
  | {
      readonly kind: 'and' | 'or';
      readonly negated: boolean;
      readonly conditions: readonly Condition[];
    };

export interface OrderTerm {
  readonly field: Field;
  readonly descending: boolean;
  readonly nulls: 'first' | 'last' | undefined;
}

/** Rows of one table. */
export interface RowsQuery {
  readonly select: readonly SelectItem[];
  /** All of them hold. */
  readonly conditions: Condition[];
  order: readonly OrderTerm[];
  limit: number | undefined;
  offset: number;
}

export interface Query {
  readonly rows: RowsQuery;
  /** `columns`: what an insert takes from the objects it is given. */
  readonly columns: readonly string[] | undefined;
  /** `on_conflict` */
  readonly onConflict: readonly string[] | undefined;
}
