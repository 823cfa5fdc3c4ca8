/** Errors in groups of one cause each, by what was decided about them. */
import type { ErrorGroup, ErrorState } from '../../../src/errors/error-group.ts';
import { age, count } from '../../shared/format.ts';
import { go, useLocation, withQuery } from '../../shared/location.ts';
import { Page } from '../../shared/page.tsx';
import { Empty, Failed, HowToSend, Loading } from '../parts/states.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { useAnswer } from '../parts/use-answer.ts';
import { ErrorName } from './error-name.tsx';

const STATES: readonly ErrorState[] = ['open', 'resolved', 'ignored'];
const RENEW_MS = 15_000;
const NEW_MS = 3_600_000;

const COLUMNS: readonly Column<ErrorGroup>[] = [
  {
    name: 'Error',
    cell: ({ fingerprint, type, title, isRegression, newAtMs }) => (
      <>
        <a href={`/explore/errors/${encodeURIComponent(fingerprint)}`} data-item>
          <ErrorName type={type} title={title} />
        </a>
        {isRegression && <span class="badge is-down">came back</span>}
        {!isRegression && Date.now() - newAtMs < NEW_MS && <span class="badge is-degraded">new</span>}
      </>
    ),
    order: ({ title }) => title,
  },
  {
    name: 'Times',
    cell: ({ count: times }) => count(times),
    order: ({ count: times }) => times,
    isNumber: true,
  },
  {
    name: 'Last seen',
    cell: ({ lastSeenMs }) => `${age(Date.now() - lastSeenMs)} ago`,
    order: ({ lastSeenMs }) => lastSeenMs,
    isNumber: true,
  },
  {
    name: 'First seen',
    cell: ({ firstSeenMs }) => `${age(Date.now() - firstSeenMs)} ago`,
    order: ({ firstSeenMs }) => firstSeenMs,
    isNumber: true,
    isExtra: true,
  },
  {
    name: 'Services',
    cell: ({ services }) => services.join(', '),
    order: ({ services }) => services.join(),
    isExtra: true,
  },
  { name: 'Release', cell: ({ versions }) => <code>{versions.at(-1) ?? '–'}</code>, isExtra: true },
];

export default function ErrorsPage() {
  const { query } = useLocation();
  const state = STATES.find((name) => name === query.get('state')) ?? 'open';
  const words = (query.get('find') ?? '').toLowerCase();
  const { data, error, isLoading, again } = useAnswer<ErrorGroup[]>(
    `/palantir/errors?state=${state}`,
    RENEW_MS,
  );
  const shown = data?.filter(({ type, title, services }) =>
    [type, title, ...services].some((text) => text.toLowerCase().includes(words)),
  );
  return (
    <Page title="Errors">
      <div class="tools">
        <fieldset class="choice">
          <legend class="unseen">State</legend>
          {STATES.map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={name === state}
              onClick={() => go(withQuery({ state: name === 'open' ? undefined : name }))}
            >
              {name}
            </button>
          ))}
        </fieldset>
        <input
          type="search"
          data-query
          aria-label="Find an error"
          placeholder="Find by text or service"
          value={query.get('find') ?? ''}
          onInput={(event) => go(withQuery({ find: event.currentTarget.value }), true)}
        />
      </div>
      {error && <Failed error={error} again={again} />}
      {!data && isLoading && <Loading what="errors" />}
      {data?.length === 0 && (
        <Empty title={state === 'open' ? 'No open errors' : `No errors are ${state}`}>
          {state === 'open' && (
            <>
              <p>Log lines of severity ERROR and above are put together here by their cause.</p>
              <HowToSend path="/v1/logs" />
            </>
          )}
        </Empty>
      )}
      {shown && shown.length > 0 && (
        <Table
          caption={`Errors that are ${state}`}
          rows={shown}
          columns={COLUMNS}
          keyOf={({ fingerprint }) => fingerprint}
        />
      )}
    </Page>
  );
}
