/** A trace beside another one: each frame of both, and how much longer or shorter it took in the other. */
import { useMemo } from 'preact/hooks';
import { clockTime, duration } from '../../shared/format.ts';
import { go, withQuery } from '../../shared/location.ts';
import { moveThroughItems } from '../parts/arrow-keys.ts';
import { Failed, Loading } from '../parts/states.tsx';
import { useAnswer } from '../parts/use-answer.ts';
import { type ComparedFrame, compare } from './comparison.ts';
import { flameOf } from './flame.ts';
import { type SentTrace, type Trace, traceOf } from './trace.ts';

const MAX_ROWS = 500;

export function ComparisonView({ trace, withId }: { trace: Trace; withId: string }) {
  const { data, error, isLoading, again } = useAnswer<SentTrace>(
    `/palantir/traces/${encodeURIComponent(withId)}`,
  );
  const other = useMemo(() => data && traceOf(data), [data]);
  const rows = useMemo(() => other && compare(flameOf(trace.roots), flameOf(other.roots)), [trace, other]);
  const most = Math.max(0.001, ...(rows ?? []).map(({ differenceMs }) => Math.abs(differenceMs)));
  return (
    <>
      <div class="tools">
        <span>
          beside <a href={`/explore/traces/${withId}`}>{other?.summary.rootName ?? withId}</a>
          {other &&
            ` of ${clockTime(other.summary.startMs)}: ${differenceText(other.durationMs - trace.durationMs)} in all, from begin to end`}
        </span>
        <a href={`/explore/traces/${withId}?with=${trace.summary.traceId}`}>Swap</a>
        <button type="button" data-close onClick={() => go(withQuery({ with: undefined }))}>
          End comparison
        </button>
      </div>
      {isLoading && !other && <Loading what="the other trace" />}
      {error && <Failed error={error} again={again} />}
      {rows && (
        // biome-ignore lint/a11y/noStaticElementInteractions: it passes the keys of its items on
        <div class="table" onKeyDown={moveThroughItems}>
          <table class="comparison">
            <caption class="unseen">The two traces, frame by frame</caption>
            <thead>
              <tr>
                <th scope="col">Span</th>
                <th scope="col" class="number">
                  This one
                </th>
                <th scope="col" class="number">
                  The other
                </th>
                <th scope="col" class="number">
                  Difference
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, MAX_ROWS).map((row) => (
                <Row key={row.path} row={row} most={most} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {rows && rows.length > MAX_ROWS && (
        <p class="quiet">
          The first {MAX_ROWS} of {rows.length} are shown.
        </p>
      )}
    </>
  );
}

function Row({ row, most }: { row: ComparedFrame; most: number }) {
  const { service, name, depth, one, other, differenceMs } = row;
  const share = (Math.abs(differenceMs) / most) * 50;
  const isSlower = differenceMs > 0;
  return (
    <tr>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: arrows go through the rows */}
      <td style={{ paddingLeft: `${10.5 + Math.min(depth, 12) * 14}px` }} tabIndex={0} data-item>
        <b>{service}</b> {name}
        {!one && <span class="badge is-degraded">new</span>}
        {!other && <span class="badge">gone</span>}
      </td>
      <td class="number">{one ? `${duration(one.totalMs)}${timesText(one.count)}` : '–'}</td>
      <td class="number">{other ? `${duration(other.totalMs)}${timesText(other.count)}` : '–'}</td>
      <td class="number">
        <span class="difference">
          <i
            class={isSlower ? 'is-slower' : 'is-faster'}
            style={{ width: `${share}%`, ...(isSlower ? { left: '50%' } : { right: '50%' }) }}
          />
        </span>
        <span class="difference-text">{differenceText(differenceMs)}</span>
      </td>
    </tr>
  );
}

function timesText(count: number): string {
  return count > 1 ? ` (${count}×)` : '';
}

function differenceText(ms: number): string {
  const size = duration(Math.abs(ms));
  if (size === duration(0)) return 'the same';
  return `${ms < 0 ? '−' : '+'}${size}`;
}
