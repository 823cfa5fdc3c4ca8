/** Reads a whole query string: what is selected, of which rows, in which order and how many; for the table itself and, behind
 * their names and a dot, for the tables embedded in it (`customer.name=eq.Ada`, `payment.limit=3`). */
import { Budget, MAX_QUERY_CHARS } from './bounds.ts';
import { parseFilter, parseLogic } from './parse-filter.ts';
import { parseOrder, parseSelect, rowsQuery } from './parse-select.ts';
import type { Query, RowsQuery } from './query.ts';
import { notUnderstood, RestError } from './rest-error.ts';
import { Scanner } from './scanner.ts';

const WHOLE_NUMBER = /^\d{1,15}$/;

export function parseQuery(search: string): Query {
  if (search.length > MAX_QUERY_CHARS)
    throw notUnderstood(`the query has ${search.length} characters, and ${MAX_QUERY_CHARS} at most are read`);
  const parameters = [...new URLSearchParams(search)];
  const budget = new Budget();
  const scan = (text: string): Scanner => new Scanner(text, budget);
  const rows = rowsQuery(parseSelect(scan(textOf(parameters, 'select') ?? '')));
  for (const [key, value] of parameters) if (!WHOLE.has(key)) readParameter(rows, scan(key), scan(value));
  const names = (key: string): string[] | undefined => {
    const text = textOf(parameters, key);
    if (!text) return undefined;
    const scanner = scan(text);
    const list = scanner.list(() => scanner.field().column);
    scanner.expectEnd();
    return list;
  };
  return { rows, columns: names('columns'), onConflict: names('on_conflict') };
}

/** Parameters that are about the request and not about a table in it. */
const WHOLE: ReadonlySet<string> = new Set(['select', 'columns', 'on_conflict']);

function textOf(parameters: readonly [string, string][], name: string): string | undefined {
  const values = parameters.filter(([key]) => key === name);
  if (values.length > 1) throw notUnderstood(`${name} stands there ${values.length} times`);
  return values[0]?.[1];
}

function readParameter(table: RowsQuery, key: Scanner, value: Scanner): void {
  let rows = table;
  let negated = false;
  for (;;) {
    const field = key.field();
    if (key.take('.')) {
      if (field.column === 'not' && field.path.length === 0 && LOGIC.has(key.text.slice(key.at)))
        negated = true;
      else rows = embeddedIn(rows, field.column);
      continue;
    }
    key.expectEnd();
    const { column, path } = field;
    if (path.length > 0) rows.conditions.push(parseFilter(field, value));
    else if (column === 'and' || column === 'or') rows.conditions.push(parseLogic(column, negated, value));
    else if (column === 'order') rows.order = parseOrder(value);
    else if (column === 'limit') rows.limit = wholeNumber('limit', value.text);
    else if (column === 'offset') rows.offset = wholeNumber('offset', value.text);
    else rows.conditions.push(parseFilter(field, value));
    return;
  }
}

const LOGIC: ReadonlySet<string> = new Set(['and', 'or']);

function embeddedIn({ select }: RowsQuery, name: string): RowsQuery {
  for (const item of select)
    if (item.kind === 'embedding' && (item.label === name || item.relation === name)) return item.rows;
  throw new RestError('INVALID_INPUT', 'PGRST108', `'${name}' is not an embedded resource in this request`, {
    hint: `Verify that '${name}' is included in the 'select' query parameter.`,
  });
}

function wholeNumber(name: string, text: string): number {
  if (!WHOLE_NUMBER.test(text)) throw notUnderstood(`${name} is not a whole number`);
  return Number(text);
}
