/** One dashboard of the settings, over the range of the address. It follows its file: what is changed there is drawn anew. */

import { Page } from '../../shared/page.tsx';
import { useSettings } from '../../shared/settings.ts';
import { RangePicker } from '../parts/range-picker.tsx';
import { Empty, Loading } from '../parts/states.tsx';
import { useMarks } from '../parts/use-changes.ts';
import { useRange } from '../parts/use-range.ts';
import './dashboards.css';
import { DashboardPanel } from './dashboard-panel.tsx';

const RENEW_MS = 15_000;

export default function DashboardPage({ id }: { id: string }) {
  const state = useRange(RENEW_MS);
  const marks = useMarks(state.range);
  const settings = useSettings();
  const dashboard = settings?.dashboards.find(({ name }) => name === id);
  if (!dashboard)
    return (
      <Page title={id}>
        {!settings && <Loading what="the dashboard" />}
        {settings && (
          <Empty title={`No dashboard is called ${id}`}>
            <p>
              It may have been renamed or taken out. <a href="/explore/dashboards">See all dashboards</a>.
            </p>
          </Empty>
        )}
      </Page>
    );
  const { title, description, rows, source } = dashboard;
  return (
    <Page title={title} actions={<RangePicker {...state} />}>
      <p class="lead">
        {description} <small class="quiet">{fileOf(source)}</small>
      </p>
      {rows.map((row, rowIndex) => (
        <section key={rowIndex} class="dashboard-row">
          {row.title !== undefined && <h2>{row.title}</h2>}
          <div class={`dashboard-panels of-${Math.min(4, row.panels.length)}`}>
            {row.panels.map((panel, index) => (
              <DashboardPanel
                key={`${index} ${JSON.stringify(panel)}`}
                panel={panel}
                sortName={`sort${rowIndex}.${index}`}
                state={state}
                marks={marks}
              />
            ))}
          </div>
        </section>
      ))}
    </Page>
  );
}

/** `payments.yaml:12` of a path. */
export function fileOf(source: string): string {
  return source.split('/').at(-1)!;
}
