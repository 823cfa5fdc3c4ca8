/** Objectives (SLOs): those that rules watch by their burn rate, with what is left of their error budgets over 30 days. */
import type { Rule } from '../../../src/alerts/alert.ts';
import { percent } from '../../shared/format.ts';
import { nameOf, queryNow } from '../parts/prometheus.ts';
import { type Column, Table } from '../parts/table.tsx';
import { useAnswer, useAsked } from '../parts/use-answer.ts';

const WINDOW = '30d';
const RENEW_MS = 60_000;

interface Objective {
  readonly rule: string;
  readonly of: string;
  readonly objective: number;
  readonly errorShare: number;
  /** Of the budget, from 1 down; below 0 it is overspent. */
  readonly left: number;
}

const COLUMNS: readonly Column<Objective>[] = [
  {
    name: 'Objective',
    cell: ({ rule, of }) => (
      // biome-ignore lint/a11y/noNoninteractiveTabindex: arrows go through the rows
      <span tabIndex={0} data-item>
        <b>{rule}</b> {of}
      </span>
    ),
    order: ({ rule }) => rule,
  },
  {
    name: 'Promised',
    cell: ({ objective }) => `${Number((objective * 100).toFixed(4))} %`,
    order: ({ objective }) => objective,
    isNumber: true,
  },
  {
    name: 'Kept, 30 d',
    cell: ({ errorShare }) => `${((1 - errorShare) * 100).toFixed(3)} %`,
    order: ({ errorShare }) => -errorShare,
    isNumber: true,
  },
  {
    name: 'Budget left',
    cell: ({ left }) => (
      <span class={left < 0 ? 'is-down' : left < 0.25 ? 'is-degraded' : ''}>
        {left < 0 ? `▲ overspent by ${percent(-left)}` : percent(left)}
      </span>
    ),
    order: ({ left }) => left,
    isNumber: true,
  },
];

export function Objectives() {
  const { data } = useAnswer<{ rules: Rule[] }>('/palantir/alerts');
  const watched = (data?.rules ?? []).flatMap(({ name, condition }) =>
    condition.kind === 'burnRate' ? [{ name, ...condition }] : [],
  );
  const key = watched.length > 0 ? JSON.stringify(watched) : undefined;
  const { data: objectives } = useAsked(
    key,
    async (signal) => {
      const found = await Promise.all(
        watched.map(async ({ name: rule, errorShare, objective }) => {
          const series = await queryNow(errorShare.replaceAll('$window', WINDOW), signal);
          return series.map(
            ({ labels, value }): Objective => ({
              rule,
              of: Object.keys(labels).length > 0 ? nameOf(labels) : '',
              objective,
              errorShare: value,
              left: 1 - value / (1 - objective),
            }),
          );
        }),
      );
      return found.flat().filter(({ errorShare }) => Number.isFinite(errorShare));
    },
    RENEW_MS,
  );
  if (!objectives || objectives.length === 0) return null;
  return (
    <section class="card">
      <h2>
        Objectives <small class="quiet">what is promised, and what is left of it</small>
      </h2>
      <Table
        caption="Objectives"
        rows={objectives.toSorted((one, other) => one.left - other.left)}
        columns={COLUMNS}
        keyOf={({ rule, of }) => `${rule} ${of}`}
        sortName="objectives"
      />
    </section>
  );
}
