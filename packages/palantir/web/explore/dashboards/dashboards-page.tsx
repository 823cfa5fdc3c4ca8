/** All dashboards, which are written in the settings; where there are none, how one is written. */
import type { Dashboard } from '../../../src/settings/dashboards.ts';
import { Page } from '../../shared/page.tsx';
import { useSettings } from '../../shared/settings.ts';
import { Empty, Loading } from '../parts/states.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { fileOf } from './dashboard-page.tsx';

const EXAMPLE = `dashboards:
  - name: shop
    title: The shop
    rows:
      - title: Orders
        panels:
          - title: Requests per second
            expression: sum by (service) (rate(rpc_server_call_duration_seconds_count[1m]))
            legend: '{{ service }}'
            unit: perSecond
            kind: area # or lines, number, table
          - title: Memory
            expression: sum by (service) (process_resident_memory_bytes)
            unit: bytes
`;

const COLUMNS: readonly Column<Dashboard>[] = [
  {
    name: 'Dashboard',
    cell: ({ name, title, description }) => (
      <>
        <a href={`/explore/dashboards/${encodeURIComponent(name)}`} data-item>
          {title}
        </a>
        {description && <small class="about">{description}</small>}
      </>
    ),
    order: ({ title }) => title,
  },
  {
    name: 'Panels',
    cell: ({ rows }) => panelsOf(rows),
    order: ({ rows }) => panelsOf(rows),
    isNumber: true,
  },
  {
    name: 'Written in',
    cell: ({ source }) => <code>{fileOf(source)}</code>,
    order: ({ source }) => source,
    isExtra: true,
  },
];

export default function DashboardsPage() {
  const settings = useSettings();
  return (
    <Page title="Dashboards">
      {!settings && <Loading what="dashboards" />}
      {settings?.dashboards.length === 0 && (
        <Empty title="No dashboards are written yet">
          <p>
            Write one into any YAML file of <code>palantir/</code>, beside <code>goblin.config.ts</code>. It
            is here a few seconds later.
          </p>
          <pre>{EXAMPLE}</pre>
          <p>
            <code>goblin palantir check</code> names what is wrong by file, line and column. Queries are tried
            in <a href="/explore/metrics">Metrics</a>.
          </p>
        </Empty>
      )}
      {settings && settings.dashboards.length > 0 && (
        <Table caption="Dashboards" rows={settings.dashboards} columns={COLUMNS} keyOf={({ name }) => name} />
      )}
    </Page>
  );
}

function panelsOf(rows: Dashboard['rows']): number {
  return rows.reduce((sum, { panels }) => sum + panels.length, 0);
}
