/** Explores metrics: several PromQL queries over one range, each with its chart, whose cursors move together. */
import { useMemo } from 'preact/hooks';
import { go, useLocation } from '../../shared/location.ts';
import { Page } from '../../shared/page.tsx';
import { QueryBox } from '../parts/query-box.tsx';
import { RangePicker } from '../parts/range-picker.tsx';
import { Empty, Failed, HowToSend } from '../parts/states.tsx';
import { useAnswer } from '../parts/use-answer.ts';
import { useMarks } from '../parts/use-changes.ts';
import { useRange } from '../parts/use-range.ts';
import { useSeries } from '../parts/use-series.ts';
import { MAX_QUERIES, queriesOf, withQueries } from './queries-in-address.ts';
import { QueryResult } from './query-result.tsx';
import { suggest } from './suggest.ts';

const RENEW_MS = 15_000;
const EXAMPLES = [
  ['Requests per second, by service', 'sum by (service) (rate(rpc_server_call_duration_seconds_count[1m]))'],
  [
    '95th percentile of calls, by service',
    'histogram_quantile(0.95, sum by (service, le) (rate(rpc_server_call_duration_seconds_bucket[5m])))',
  ],
  ['Event loop, how busy', 'nodejs_eventloop_utilization_ratio'],
  ['Memory of processes', 'process_resident_memory_bytes'],
  ['Tasks that wait', 'sum by (kind) (task_ready)'],
] as const;

export default function MetricsPage() {
  const state = useRange(RENEW_MS);
  const { range, pick } = state;
  const { path, query: address } = useLocation();
  const queries = useMemo(() => queriesOf(address), [address]);
  const { data, error } = useSeries(queries, range);
  const marks = useMarks(range);
  const isAsked = queries.some((query) => query !== '');
  const set = (next: readonly string[]): void => go(withQueries(path, address, next));
  return (
    <Page title="Metrics" actions={<RangePicker {...state} />}>
      {queries.map((query, index) => {
        const failure = data?.results[index]?.error;
        return (
          <div key={index}>
            <QueryBox
              label={`Query ${letterOf(index)}`}
              value={query}
              placeholder="rate(http_server_request_duration_seconds_count[1m])"
              suggest={suggest}
              error={failure}
              onAsk={(text) => set(queries.with(index, text))}
            >
              {queries.length > 1 && (
                <button
                  type="button"
                  aria-label={`Remove query ${letterOf(index)}`}
                  onClick={() => set(queries.toSpliced(index, 1))}
                >
                  ✕
                </button>
              )}
            </QueryBox>
            {failure && <Failed error={failure} />}
          </div>
        );
      })}
      {isAsked && queries.length < MAX_QUERIES && (
        <button type="button" onClick={() => set([...queries, ''])}>
          Add a query
        </button>
      )}
      {error && <Failed error={error} again={state.renew} />}
      {!isAsked && <Start />}
      {data?.results.map(
        ({ series, error: failure }, index) =>
          data.queries[index] !== '' &&
          !failure && (
            <QueryResult
              key={index}
              letter={data.results.length > 1 ? letterOf(index) : undefined}
              query={data.queries[index]!}
              range={range}
              grid={data.grid}
              series={series}
              marks={marks}
              onZoom={pick}
            />
          ),
      )}
    </Page>
  );
}

function Start() {
  const { data } = useAnswer<{ data: string[] }>('/api/v1/label/__name__/values');
  if (data?.data.length === 0)
    return (
      <Empty title="There are no metrics yet">
        <HowToSend path="/v1/metrics" />
      </Empty>
    );
  return (
    <Empty title="Ask in PromQL">
      <p>
        {data && `${data.data.length.toLocaleString('en')} metrics are known. `}Names, labels and functions
        complete while you write.
      </p>
      <ul>
        {EXAMPLES.map(([name, query]) => (
          <li key={name}>
            <a href={`/explore/metrics?q=${encodeURIComponent(query)}`}>{name}</a>
          </li>
        ))}
      </ul>
    </Empty>
  );
}

function letterOf(index: number): string {
  return String.fromCharCode(65 + index);
}
