/** The series of a chart in numbers. */
import { useMemo } from 'preact/hooks';
import type { Labels } from '../../../src/model.ts';
import { type Column, Table } from '../parts/table.tsx';
import { type Unit, written } from '../parts/units.ts';
import { type Summary, summaryOf } from './summary.ts';

export interface ShownSeries {
  readonly name: string;
  readonly labels: Labels;
  readonly values: readonly (number | null)[];
  readonly colour: string;
}

const MAX_ROWS = 500;
const NUMBERS = ['last', 'mean', 'least', 'most'] as const;

interface Props {
  /** Of how it is sorted, in the address. */
  readonly name: string;
  readonly series: readonly ShownSeries[];
  readonly unit: Unit;
  /** How many of them the chart has. */
  readonly drawn: number;
}

type Row = ShownSeries & Summary & { readonly place: number };

export function SeriesTable({ name: sortName, series, unit, drawn }: Props) {
  const rows = useMemo(
    () => series.slice(0, MAX_ROWS).map((one, place): Row => ({ ...one, ...summaryOf(one.values), place })),
    [series],
  );
  if (rows.length === 0) return null;
  const columns: Column<Row>[] = [
    {
      name: 'Series',
      cell: ({ name, colour, place }) => (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrows go through the rows
        <span class="series-name" tabIndex={0} data-item>
          {place < drawn && <i style={{ background: `var(${colour})` }} />}
          {name}
        </span>
      ),
      order: ({ name }) => name,
    },
    ...NUMBERS.map(
      (number): Column<Row> => ({
        name: number,
        cell: (row) => written(row[number], unit),
        order: (row) => row[number] ?? Number.NEGATIVE_INFINITY,
        isNumber: true,
        isExtra: number === 'least' || number === 'mean',
      }),
    ),
  ];
  return (
    <>
      <Table
        caption="Series"
        rows={rows}
        columns={columns}
        keyOf={({ place }) => place}
        sortName={sortName}
      />
      {series.length > MAX_ROWS && (
        <p class="quiet">
          The first {MAX_ROWS} of {series.length} series are listed.
        </p>
      )}
    </>
  );
}
