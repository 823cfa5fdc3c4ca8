/** Incidents, those that are not over first. */
import type { IncidentSummary } from '../../../src/live/wall-state.ts';
import { age, clockTime } from '../../shared/format.ts';
import { Page } from '../../shared/page.tsx';
import { StateWord } from '../parts/state-word.tsx';
import { Empty, Failed, Loading } from '../parts/states.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { useAnswer } from '../parts/use-answer.ts';
import { OnCall } from './on-call.tsx';

const RENEW_MS = 5_000;
const STATES = ['open', 'acknowledged', 'resolved'];

const COLUMNS: readonly Column<IncidentSummary>[] = [
  {
    name: 'Incident',
    cell: ({ id, title, suspect }) => (
      <>
        <a href={`/explore/incidents/${id}`} data-item>
          #{id} {title}
        </a>
        {suspect && <small class="about">suspect: {suspect.title}</small>}
      </>
    ),
    order: ({ id }) => id,
  },
  {
    name: 'State',
    cell: ({ state }) => <StateWord word={state} />,
    order: ({ state }) => STATES.indexOf(state),
  },
  { name: 'Severity', cell: ({ severity }) => severity, order: ({ severity }) => severity, isExtra: true },
  { name: 'Owner', cell: ({ owner }) => owner ?? '–', order: ({ owner }) => owner ?? '' },
  { name: 'Services', cell: ({ services }) => services.join(', '), isExtra: true },
  {
    name: 'Opened',
    cell: ({ openedAtMs }) => clockTime(openedAtMs),
    order: ({ openedAtMs }) => openedAtMs,
    isNumber: true,
    isExtra: true,
  },
  {
    name: 'Took',
    cell: ({ openedAtMs, resolvedAtMs }) => age((resolvedAtMs ?? Date.now()) - openedAtMs),
    order: ({ openedAtMs, resolvedAtMs }) => (resolvedAtMs ?? Date.now()) - openedAtMs,
    isNumber: true,
  },
];

export default function IncidentsPage() {
  const { data, error, isLoading, again } = useAnswer<IncidentSummary[]>('/palantir/incidents', RENEW_MS);
  const sorted = data?.toSorted(
    (one, other) =>
      STATES.indexOf(one.state) - STATES.indexOf(other.state) || other.openedAtMs - one.openedAtMs,
  );
  return (
    <Page title="Incidents">
      <OnCall />
      {error && <Failed error={error} again={again} />}
      {!data && isLoading && <Loading what="incidents" />}
      {sorted?.length === 0 && (
        <Empty title="There was no incident">
          <p>
            One opens by itself when an alert of severity “page” fires. See{' '}
            <a href="/explore/alerts">alerts and rules</a>.
          </p>
        </Empty>
      )}
      {sorted && sorted.length > 0 && (
        <Table caption="Incidents" rows={sorted} columns={COLUMNS} keyOf={({ id }) => id} />
      )}
    </Page>
  );
}
