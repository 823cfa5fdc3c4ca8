/** What is called of a service, over the last minute. */
import type { ServiceDetail } from '../../../src/live/service-detail.ts';
import { count, percent } from '../../shared/format.ts';
import { queryNow } from '../parts/prometheus.ts';
import { type Column, Table } from '../parts/table.tsx';
import { written } from '../parts/units.ts';
import { useAsked } from '../parts/use-answer.ts';
import { procedureQueries } from './red-queries.ts';

const RENEW_MS = 15_000;

interface Procedure {
  readonly name: string;
  readonly rate: number;
  readonly failed: number;
  readonly p95: number | undefined;
}

const COLUMNS: readonly Column<Procedure>[] = [
  {
    name: 'Procedure',
    cell: ({ name }) => <code>{name}</code>,
    order: ({ name }) => name,
  },
  { name: 'Rate', cell: ({ rate }) => `${count(rate)}/s`, order: ({ rate }) => rate, isNumber: true },
  {
    name: 'Not ok',
    cell: ({ rate, failed }) => percent(rate > 0 ? failed / rate : 0),
    order: ({ rate, failed }) => (rate > 0 ? failed / rate : 0),
    isNumber: true,
  },
  { name: 'p95', cell: ({ p95 }) => written(p95, 'seconds'), order: ({ p95 }) => p95 ?? 0, isNumber: true },
];

export function Procedures({ service, contract }: { service: string; contract: ServiceDetail['contract'] }) {
  const { data } = useAsked(
    service,
    async (signal) => {
      const { rate, failed, p95 } = procedureQueries(service);
      const found = await Promise.all([rate, failed, p95].map((query) => queryNow(query, signal)));
      return found.map(
        (series) => new Map(series.map(({ labels, value }) => [labels.procedure ?? '', value])),
      );
    },
    RENEW_MS,
  );
  const [rates, failed, p95s] = data ?? [];
  const said = contract?.procedures.map(({ name }) => name) ?? [];
  const names = [...new Set([...said, ...(rates?.keys() ?? [])])];
  if (names.length === 0) return null;
  const rows = names.map((name) => ({
    name,
    rate: rates?.get(name) ?? 0,
    failed: failed?.get(name) ?? 0,
    p95: p95s?.get(name),
  }));
  return (
    <section class="card">
      <h2>
        Contract {contract && <code>{contract.name}</code>} <small class="quiet">the last minute</small>
      </h2>
      <Table
        caption="Procedures"
        sortName="procedures"
        rows={rows.toSorted((one, other) => other.rate - one.rate)}
        columns={COLUMNS}
        keyOf={({ name }) => name}
      />
    </section>
  );
}
