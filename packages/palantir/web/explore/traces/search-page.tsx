/** Traces found by a query, newest first; two of them can be picked and compared. */
import { useCallback, useMemo } from 'preact/hooks';
import type { TraceSummary } from '../../../src/store/traces/trace-summary.ts';
import { clockTime, duration } from '../../shared/format.ts';
import { go, useLocation, withQuery } from '../../shared/location.ts';
import { Page } from '../../shared/page.tsx';
import { QueryBox } from '../parts/query-box.tsx';
import { RangePicker } from '../parts/range-picker.tsx';
import { Empty, Failed, HowToSend, Loading } from '../parts/states.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { rangeParameters } from '../parts/time-range.ts';
import { useAnswer } from '../parts/use-answer.ts';
import { useRange } from '../parts/use-range.ts';
import './traces.css';
import { TraceScatter } from './trace-scatter.tsx';

const ALL = '{}';
const LIMIT = 200;
const EXAMPLES = [
  '{ status = error }',
  '{ duration > 500ms }',
  '{ service = "tax" && name =~ "GET.*" }',
  '{ span.http.route = "/v1/payments" }',
];

export default function SearchPage() {
  const state = useRange();
  const { query: address } = useLocation();
  const query = address.get('query') ?? ALL;
  const picked = useMemo(() => (address.get('pick') ?? '').split(',').filter(Boolean), [address]);
  const asked = `query=${encodeURIComponent(query)}&${rangeParameters(state.range)}&limit=${LIMIT}`;
  const { data, error, isLoading } = useAnswer<TraceSummary[]>(`/palantir/traces?${asked}`);
  const ask = useCallback((text: string) => go(withQuery({ query: text === ALL ? '' : text })), []);
  const longestMs = Math.max(1, ...(data?.map(({ durationMs }) => durationMs) ?? []));
  const columns = useMemo(() => columnsOf(longestMs, picked), [longestMs, picked]);
  return (
    <Page title="Traces" actions={<RangePicker {...state} />}>
      <QueryBox
        label="Query of traces"
        value={query === ALL ? '' : query}
        placeholder='{ service = "tax" && duration > 200ms && status = error }'
        onAsk={ask}
        error={error}
      />
      {error && <Failed error={error} again={state.renew} />}
      {!data && isLoading && <Loading what="traces" />}
      {data && data.length > 0 && <TraceScatter traces={data} range={state.range} onZoom={state.pick} />}
      {picked.length > 0 && <Picked picked={picked} />}
      {data && data.length > 0 && (
        <>
          <Table caption="Traces" rows={data} columns={columns} keyOf={({ traceId }) => traceId} />
          {data.length === LIMIT && (
            <p class="quiet">The newest {LIMIT} are shown. A narrower range or query shows others.</p>
          )}
        </>
      )}
      {data?.length === 0 && (
        <Empty title={query === ALL ? 'There are no traces in this range' : 'No trace matches in this range'}>
          {query === ALL ? (
            <HowToSend path="/v1/traces" />
          ) : (
            <p>A longer range or a wider query may find some.</p>
          )}
          <p>Queries look like these:</p>
          <ul>
            {EXAMPLES.map((example) => (
              <li key={example}>
                <a href={`/explore/traces?query=${encodeURIComponent(example)}`}>
                  <code>{example}</code>
                </a>
              </li>
            ))}
          </ul>
        </Empty>
      )}
    </Page>
  );
}

function Picked({ picked }: { picked: readonly string[] }) {
  const [one, other] = picked;
  return (
    <p class="picked" role="status">
      {other === undefined ? (
        'Pick a second trace to compare it with.'
      ) : (
        <a class="primary" href={`/explore/traces/${one}?with=${other}`}>
          Compare the two
        </a>
      )}
      <button type="button" onClick={() => go(withQuery({ pick: undefined }), true)} data-close>
        Clear
      </button>
    </p>
  );
}

function columnsOf(longestMs: number, picked: readonly string[]): Column<TraceSummary>[] {
  const toggle = (id: string): void => {
    const next = picked.includes(id) ? picked.filter((other) => other !== id) : [...picked.slice(-1), id];
    go(withQuery({ pick: next.join(',') }), true);
  };
  return [
    {
      name: 'Trace',
      cell: ({ traceId, rootService, rootName, errors }) => (
        <a href={`/explore/traces/${traceId}`} data-item>
          {errors > 0 && <span class="is-down">✕ </span>}
          <b>{rootService ?? '…'}</b> {rootName ?? 'root not seen yet'}
        </a>
      ),
      order: ({ rootService = '', rootName = '' }) => `${rootService} ${rootName}`,
    },
    {
      name: 'Duration',
      cell: ({ durationMs, errors }) => (
        <span class="duration-cell">
          <span class="duration-bar">
            <i
              class={errors > 0 ? 'has-errors' : ''}
              style={{ width: `${(durationMs / longestMs) * 100}%` }}
            />
          </span>
          {duration(durationMs)}
        </span>
      ),
      order: ({ durationMs }) => durationMs,
      isNumber: true,
    },
    { name: 'Spans', cell: ({ spans }) => spans, order: ({ spans }) => spans, isNumber: true, isExtra: true },
    {
      name: 'Errors',
      cell: ({ errors }) => errors || '–',
      order: ({ errors }) => errors,
      isNumber: true,
      isExtra: true,
    },
    {
      name: 'Services',
      cell: ({ services }) => services.join(', '),
      order: ({ services }) => services.length,
      isExtra: true,
    },
    {
      name: 'Began',
      cell: ({ startMs }) => clockTime(startMs),
      order: ({ startMs }) => startMs,
      isNumber: true,
    },
    {
      name: 'Compare',
      cell: ({ traceId, rootName = traceId }) => (
        <input
          type="checkbox"
          aria-label={`Compare ${rootName}`}
          checked={picked.includes(traceId)}
          onChange={() => toggle(traceId)}
        />
      ),
      isExtra: true,
    },
  ];
}
