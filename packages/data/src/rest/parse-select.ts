/** Reads `select=id,total:amount_minor,data->>note,customer!inner(name,email)` and `order=created_at.desc.nullslast`. */
import { MAX_DEPTH } from './bounds.ts';
import type { Embedding, Field, OrderTerm, RowsQuery, SelectItem } from './query.ts';
import { notUnderstood } from './rest-error.ts';
import type { Scanner } from './scanner.ts';

export function rowsQuery(select: readonly SelectItem[]): RowsQuery {
  return { select, conditions: [], order: [], limit: undefined, offset: 0 };
}

export function parseSelect(scanner: Scanner): SelectItem[] {
  const items = scanner.atEnd ? [ALL] : selectItems(scanner, 0);
  scanner.expectEnd();
  return items;
}

const ALL: SelectItem = { kind: 'all' };

function selectItems(scanner: Scanner, depth: number): SelectItem[] {
  if (depth > MAX_DEPTH) throw notUnderstood(`tables are embedded more than ${MAX_DEPTH} deep`);
  return scanner.list(() => selectItem(scanner, depth));
}

function selectItem(scanner: Scanner, depth: number): SelectItem {
  if (scanner.take('*')) {
    scanner.budget.spend();
    return ALL;
  }
  const spread = scanner.take('...');
  let field = scanner.field();
  let alias: string | undefined;
  if (!spread && field.path.length === 0 && !scanner.text.startsWith('::', scanner.at) && scanner.take(':')) {
    alias = field.column;
    field = scanner.field();
  }
  const isTable = field.path.length === 0 && (scanner.next === '!' || scanner.next === '(');
  if (isTable) return embedding(scanner, depth, field.column, alias, spread);
  if (spread) throw scanner.refusal('"("');
  const cast = scanner.take('::') ? scanner.name('a type') : undefined;
  return { kind: 'field', field, label: alias ?? labelOf(field), cast };
}

/** What stands inside of JSON is named by its last key. */
function labelOf({ column, path }: Field): string {
  const keys = path.filter(({ key }) => typeof key === 'string');
  return String(keys.at(-1)?.key ?? column);
}

function embedding(
  scanner: Scanner,
  depth: number,
  relation: string,
  alias: string | undefined,
  spread: boolean,
): Embedding {
  let hint: string | undefined;
  let inner = false;
  while (scanner.take('!')) {
    const word = scanner.name('a relation, inner or left');
    if (word === 'inner') inner = true;
    else if (word !== 'left') hint = word;
  }
  scanner.expect('(');
  const select = scanner.next === ')' ? [] : selectItems(scanner, depth + 1);
  scanner.expect(')');
  return {
    kind: 'embedding',
    relation,
    label: alias ?? relation,
    hint,
    inner,
    spread,
    rows: rowsQuery(select),
  };
}

export function parseOrder(scanner: Scanner): OrderTerm[] {
  const terms = scanner.list(() => orderTerm(scanner));
  scanner.expectEnd();
  return terms;
}

function orderTerm(scanner: Scanner): OrderTerm {
  const field = scanner.field();
  let descending = false;
  let nulls: OrderTerm['nulls'];
  while (scanner.take('.')) {
    if (scanner.take('asc')) descending = false;
    else if (scanner.take('desc')) descending = true;
    else if (scanner.take('nullsfirst')) nulls = 'first';
    else if (scanner.take('nullslast')) nulls = 'last';
    else throw scanner.refusal('asc, desc, nullsfirst or nullslast');
  }
  return { field, descending, nulls };
}
