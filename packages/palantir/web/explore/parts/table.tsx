/** A table whose rows are gone through with arrows and that is sorted by its heads; how is in the address (`sort=name`, `sort=-name`). */
import type { ComponentChildren } from 'preact';
import { go, useLocation, withQuery } from '../../shared/location.ts';
import { moveThroughItems } from './arrow-keys.ts';
import './table.css';

export interface Column<Row> {
  readonly name: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** What it is sorted by, where it can be. */
  readonly order?: (row: Row) => number | string;
  readonly isNumber?: boolean;
  /** Left out where there is little room. */
  readonly isExtra?: boolean;
}

interface Props<Row> {
  readonly caption: string;
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  readonly keyOf: (row: Row) => string | number;
  /** Its name in the address, where a page has several tables. */
  readonly sortName?: string;
  readonly classOf?: (row: Row) => string;
}

export function Table<Row>({ caption, rows, columns, keyOf, sortName = 'sort', classOf }: Props<Row>) {
  const { query } = useLocation();
  const sort = query.get(sortName) ?? '';
  const sorted = sortedBy(rows, columns, sort);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it passes the keys of its items on
    <div class="table" onKeyDown={moveThroughItems}>
      <table>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <Head key={column.name} column={column} sort={sort} sortName={sortName} />
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => (
            <tr key={keyOf(row)} class={classOf?.(row)}>
              {columns.map((column) => (
                <td key={column.name} class={classesOf(column)}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Head<Row>({ column, sort, sortName }: { column: Column<Row>; sort: string; sortName: string }) {
  const { name, order } = column;
  const direction = sort === name ? 'ascending' : sort === `-${name}` ? 'descending' : undefined;
  if (!order)
    return (
      <th scope="col" class={classesOf(column)}>
        {name}
      </th>
    );
  const next = direction === 'descending' ? name : direction === 'ascending' ? undefined : `-${name}`;
  return (
    <th scope="col" class={classesOf(column)} aria-sort={direction}>
      <button type="button" onClick={() => go(withQuery({ [sortName]: next }), true)}>
        {name}
        <span aria-hidden="true">
          {direction === 'ascending' ? ' ↑' : direction === 'descending' ? ' ↓' : ''}
        </span>
      </button>
    </th>
  );
}

function classesOf<Row>({ isNumber, isExtra }: Column<Row>): string | undefined {
  return [isNumber && 'number', isExtra && 'extra'].filter(Boolean).join(' ') || undefined;
}

function sortedBy<Row>(rows: readonly Row[], columns: readonly Column<Row>[], sort: string): readonly Row[] {
  const isDescending = sort.startsWith('-');
  const order = columns.find(({ name }) => name === (isDescending ? sort.slice(1) : sort))?.order;
  if (!order) return rows;
  const factor = isDescending ? -1 : 1;
  return rows.toSorted((one, other) => {
    const [a, b] = [order(one), order(other)];
    return factor * (a < b ? -1 : a > b ? 1 : 0);
  });
}
