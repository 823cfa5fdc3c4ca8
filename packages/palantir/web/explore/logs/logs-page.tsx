/** Logs: searched by a query within a range, or followed as they come (`tail=1`). */
import { useCallback } from 'preact/hooks';
import { several } from '../../shared/format.ts';
import { go, useLocation, withQuery } from '../../shared/location.ts';
import { Page } from '../../shared/page.tsx';
import { QueryBox } from '../parts/query-box.tsx';
import { RangePicker } from '../parts/range-picker.tsx';
import { Empty, Failed, HowToSend, Loading } from '../parts/states.tsx';
import { rangeParameters } from '../parts/time-range.ts';
import { useAnswer } from '../parts/use-answer.ts';
import { useRange } from '../parts/use-range.ts';
import './logs.css';
import { FacetList } from './facet-list.tsx';
import { barOf, type LogCount } from './histogram.ts';
import { HistogramChart } from './histogram-chart.tsx';
import { LogLines } from './log-lines.tsx';
import { type Condition, toggleCondition } from './log-query.ts';
import { MAX_LINES, useLogSearch } from './use-log-search.ts';
import { useTail } from './use-tail.ts';

const ALL = '{}';
const EXAMPLES = ['{level=~"error|fatal"}', '{} |= "timeout"', '{} |~ "time.?out" != "health"'];

export default function LogsPage() {
  const state = useRange();
  const { range, pick } = state;
  const { query: address } = useLocation();
  const query = address.get('query') ?? ALL;
  const isTail = address.get('tail') === '1';
  const search = useLogSearch(isTail ? undefined : query, range);
  const tail = useTail(isTail ? query : undefined);
  const asked = `query=${encodeURIComponent(query)}&${rangeParameters(range)}&step=${barOf(range) / 1_000}`;
  const { data: counts = [] } = useAnswer<LogCount[]>(isTail ? undefined : `/palantir/logs/counts?${asked}`);
  const ask = useCallback((text: string) => go(withQuery({ query: text === ALL ? '' : text })), []);
  const filter = useCallback((condition: Condition) => ask(toggleCondition(query, condition)), [ask, query]);
  const lines = isTail ? tail.lines : search.lines;
  return (
    <Page title="Logs" actions={!isTail && <RangePicker {...state} />}>
      <QueryBox
        label="Query of logs"
        value={query === ALL ? '' : query}
        placeholder='{service="tax", level="error"} |= "timeout"'
        onAsk={ask}
        error={search.error}
      >
        <button
          type="button"
          aria-pressed={isTail}
          onClick={() => go(withQuery({ tail: isTail ? undefined : '1' }))}
        >
          {isTail ? '■ Stop' : '▶ Live'}
        </button>
      </QueryBox>
      {search.error && !isTail && <Failed error={search.error} again={state.renew} />}
      {isTail ? (
        <div class="tail-bar" role="status">
          <span>{tail.isConnected ? '● live' : '○ connecting …'}</span>
          <button type="button" data-pause aria-pressed={tail.isPaused} onClick={tail.togglePause}>
            {tail.isPaused ? `Go on (${tail.waiting} new)` : 'Pause'}
          </button>
          <span class="quiet">{several(lines.length, 'line')}, the newest 1,000 are held</span>
          {tail.lost > 0 && <span class="is-degraded">{tail.lost} came too fast and were left out</span>}
        </div>
      ) : (
        !search.error && <HistogramChart counts={counts} range={range} onZoom={pick} />
      )}
      <div class="logs">
        {lines.length > 0 ? <FacetList lines={lines} query={query} onFilter={filter} /> : <span />}
        <div class="logs-main">
          <LogLines lines={lines} onFilter={filter} />
          {!isTail && <End search={search} isFiltered={query !== ALL} />}
          {isTail && lines.length === 0 && <p class="quiet">Lines are shown here as they come.</p>}
        </div>
      </div>
    </Page>
  );
}

function End({ search, isFiltered }: { search: ReturnType<typeof useLogSearch>; isFiltered: boolean }) {
  const { lines, isLoading, error, hasMore, hint, more } = search;
  if (isLoading) return <Loading what="lines" />;
  if (hasMore)
    return (
      <button type="button" class="more" onClick={more}>
        Load older lines
      </button>
    );
  if (hint) return <p class="is-degraded">{hint}</p>;
  if (lines.length >= MAX_LINES)
    return (
      <p class="quiet">
        {MAX_LINES.toLocaleString('en')} lines are shown. A narrower range or query shows others.
      </p>
    );
  if (lines.length > 0 || error) return null;
  return (
    <Empty title={isFiltered ? 'No line matches in this range' : 'There are no lines in this range'}>
      {isFiltered ? <p>A longer range or a wider query may find some.</p> : <HowToSend path="/v1/logs" />}
      <p>Queries look like these:</p>
      <ul>
        {EXAMPLES.map((example) => (
          <li key={example}>
            <a href={`/explore/logs?query=${encodeURIComponent(example)}`}>
              <code>{example}</code>
            </a>
          </li>
        ))}
      </ul>
    </Empty>
  );
}
