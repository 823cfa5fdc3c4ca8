/** What is wrong with the settings of the team, all of it, and what is in use meanwhile. */
import { Page } from '../../shared/page.tsx';
import { problemOf, useSettings } from '../../shared/settings.ts';
import { Empty, Loading } from '../parts/states.tsx';
import { type Column, Table } from '../parts/table.tsx';

type Row = ReturnType<typeof problemOf>;

const COLUMNS: readonly Column<Row>[] = [
  {
    name: 'Where',
    cell: ({ place, file }) => (
      // biome-ignore lint/a11y/noNoninteractiveTabindex: arrows go through the rows
      <span tabIndex={0} data-item title={file}>
        <code>{place}</code>
      </span>
    ),
    order: ({ file, place }) => `${file} ${place}`,
  },
  { name: 'What is wrong', cell: ({ message }) => message },
];

export default function SettingsPage() {
  const settings = useSettings();
  const problems = settings?.problems.map(problemOf) ?? [];
  return (
    <Page title="Settings">
      {!settings && <Loading what="the settings" />}
      {settings && problems.length === 0 && (
        <Empty title="The settings are sound">
          <p>
            What stands in the YAML files is in use. They are read again when they change;{' '}
            <code>goblin palantir check</code> says beforehand what it thinks of them.
          </p>
        </Empty>
      )}
      {problems.length > 0 && (
        <>
          <p class="lead">
            The newest files have {problems.length === 1 ? 'a mistake' : 'mistakes'}, so{' '}
            {settings?.inUse === 'sound' ? (
              <b>only what is sound of them is in use</b>
            ) : (
              <b>what was good last stays in use</b>
            )}
            : rules, dashboards, who is told.
          </p>
          <Table
            caption="Mistakes"
            rows={problems}
            columns={COLUMNS}
            keyOf={({ place, message }) => `${place} ${message}`}
          />
          <p class="quiet">
            This list is renewed by itself when the files are. <code>goblin palantir check</code> says the
            same without waiting.
          </p>
        </>
      )}
    </Page>
  );
}
