/** One trace: its waterfall with the lines that were logged within it, where its time went, or how it differs from another one
 * (`with=<id>`). The chosen span (`span=`), the view (`view=flame`) and what is folded (`fold=`) are in the address. */
import { useMemo } from 'preact/hooks';
import type { LogLine } from '../../../src/model.ts';
import { clockTime, duration, several } from '../../shared/format.ts';
import { go, useLocation, withQuery } from '../../shared/location.ts';
import { Page } from '../../shared/page.tsx';
import { seriesColour } from '../parts/colours.ts';
import { Empty, Failed, Loading } from '../parts/states.tsx';
import { isMissing, useAnswer } from '../parts/use-answer.ts';
import './traces.css';
import { ComparisonView } from './comparison-view.tsx';
import { FlameView } from './flame-view.tsx';
import { SpanPanel } from './span-panel.tsx';
import { type SentTrace, type Trace, traceOf } from './trace.ts';
import { Waterfall } from './waterfall-view.tsx';

const NO_LINES: readonly LogLine[] = [];
/** Clocks of machines differ, and logs come late. */
const MARGIN_MS = 60_000;

export default function TracePage({ id }: { id: string }) {
  const { query } = useLocation();
  const { data, error, isLoading, again } = useAnswer<SentTrace>(
    `/palantir/traces/${encodeURIComponent(id)}`,
  );
  const trace = useMemo(() => data && traceOf(data), [data]);
  const withId = query.get('with');
  const title = data?.summary.rootName ?? 'Trace';
  if (!trace)
    return (
      <Page title={title}>
        {isLoading && <Loading what="the trace" />}
        {isMissing(error) ? (
          <Empty title="This trace is not here">
            <p>It was not sampled, or is older than what is kept.</p>
            <p>
              <a href="/explore/traces">Search traces</a>
            </p>
          </Empty>
        ) : (
          error && <Failed error={error} again={again} />
        )}
      </Page>
    );
  return (
    <Page title={title}>
      <Summary trace={trace} />
      {withId !== null ? <ComparisonView trace={trace} withId={withId} /> : <Views trace={trace} />}
    </Page>
  );
}

function Views({ trace }: { trace: Trace }) {
  const { query } = useLocation();
  const { traceId, startMs } = trace.summary;
  const isFlame = query.get('view') === 'flame';
  const span = trace.byId.get(query.get('span') ?? '');
  const colours = useMemo(() => coloursOf(trace), [trace]);
  const { data: logged } = useAnswer<{ lines: LogLine[] }>(`/palantir/traces/${traceId}/logs`);
  const lines = logged?.lines ?? NO_LINES;
  return (
    <>
      <div class="tools">
        <fieldset class="choice">
          <legend class="unseen">View</legend>
          <button type="button" aria-pressed={!isFlame} onClick={() => go(withQuery({ view: undefined }))}>
            Waterfall
          </button>
          <button type="button" aria-pressed={isFlame} onClick={() => go(withQuery({ view: 'flame' }))}>
            Flame
          </button>
        </fieldset>
        <ul class="legend">
          {[...colours].map(([service, colour]) => (
            <li key={service}>
              <i style={{ background: `var(${colour})` }} />
              {service}
            </li>
          ))}
        </ul>
        <a
          href={`/explore/logs?query=${encodeURIComponent(`{trace_id="${traceId}"}`)}&from=${Math.floor(startMs - MARGIN_MS)}&to=${Math.ceil(startMs + trace.durationMs + MARGIN_MS)}`}
        >
          {several(lines.length, 'log line')}
        </a>
        <a href={`/explore/traces?pick=${traceId}`}>Compare …</a>
      </div>
      <div class={span && !isFlame ? 'with-panel' : ''}>
        {isFlame ? (
          <FlameView trace={trace} colours={colours} />
        ) : (
          <Waterfall trace={trace} lines={lines} colours={colours} chosen={span} />
        )}
        {span && !isFlame && <SpanPanel trace={trace} span={span} lines={lines} />}
      </div>
    </>
  );
}

function Summary({ trace: { summary, durationMs } }: { trace: Trace }) {
  const facts = [
    ['Duration', duration(durationMs)],
    ['Began', clockTime(summary.startMs)],
    ['Root', summary.rootService ?? 'not seen yet'],
    ['Spans', summary.spans.toLocaleString('en')],
    ['Errors', String(summary.errors)],
    ['Services', String(summary.services.length)],
    ['Trace', summary.traceId],
  ] as const;
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd class={name === 'Errors' && summary.errors > 0 ? 'is-down' : name === 'Trace' ? 'id' : ''}>
            {value}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** One for each service, by name, so that it is the same in all traces of the same services. */
function coloursOf({ byId }: Trace): ReadonlyMap<string, string> {
  const services = new Set([...byId.values()].map(({ sent }) => sent.service));
  return new Map([...services].sort().map((service, index) => [service, seriesColour(index)]));
}
