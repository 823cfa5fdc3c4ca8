/** The spans of a trace as rows of their tree, with a bar each where they were in time. Only the rows that are seen are made, so that
 * 10,000 spans are no more work than fifty. The part of a bar that the trace waited for (the critical path) is underlined; dots are
 * log lines. Arrows move, fold and unfold; Enter opens a span. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { LogLine } from '../../../src/model.ts';
import { go, useLocation, withQuery } from '../../shared/location.ts';
import { criticalPath } from './critical-path.ts';
import { SpanRow } from './span-row.tsx';
import { timeScale } from './time-scale.ts';
import type { Span, Trace } from './trace.ts';
import { foldedAbove, rowsOf } from './waterfall.ts';

const ROW_PX = 26;
const OVERSCAN = 10;
const TICKS = 5;
const MAX_FOLDS_IN_ADDRESS = 50;

interface Props {
  readonly trace: Trace;
  readonly lines: readonly LogLine[];
  readonly colours: ReadonlyMap<string, string>;
  readonly chosen: Span | undefined;
}

export function Waterfall({ trace, lines, colours, chosen }: Props) {
  const { query } = useLocation();
  const fold = query.get('fold') ?? '';
  const folded = useMemo(() => new Set(fold.split(',').filter(Boolean)), [fold]);
  const rows = useMemo(() => rowsOf(trace.roots, folded), [trace, folded]);
  const path = useMemo(() => (trace.roots[0] ? criticalPath(trace.roots[0]) : new Map()), [trace]);
  const linesOf = useMemo(() => bySpan(lines), [lines]);
  const scroller = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const at = chosen ? rows.indexOf(chosen) : -1;

  useEffect(() => {
    const element = scroller.current!;
    const seen = (): void => setView({ top: element.scrollTop, height: element.clientHeight });
    const watcher = new ResizeObserver(seen);
    watcher.observe(element);
    element.addEventListener('scroll', seen, { passive: true });
    return () => {
      watcher.disconnect();
      element.removeEventListener('scroll', seen);
    };
  }, []);

  useEffect(() => {
    if (!chosen) return;
    const hiding = foldedAbove(chosen, trace.byId, folded);
    if (hiding.length > 0) setFolded(new Set([...folded].filter((id) => !hiding.includes(id))));
    const element = scroller.current!;
    const top = at * ROW_PX;
    if (top < element.scrollTop || top > element.scrollTop + element.clientHeight - 2 * ROW_PX)
      element.scrollTop = top - element.clientHeight / 2;
  }, [chosen]);

  function setFolded(next: ReadonlySet<string>): void {
    const kept = [...next].slice(-MAX_FOLDS_IN_ADDRESS);
    go(withQuery({ fold: kept.join(',') }), true);
  }

  function toggle(span: Span, isFolded: boolean): void {
    const next = new Set(folded);
    if (isFolded) next.add(span.id);
    else next.delete(span.id);
    setFolded(next);
  }

  function choose(span: Span | undefined): void {
    if (span) go(withQuery({ span: span.id }), chosen !== undefined);
  }

  function onKeyDown(event: KeyboardEvent): void {
    const span = rows[at];
    const page = Math.max(1, Math.floor(view.height / ROW_PX) - 1);
    const steps: Readonly<Record<string, number>> = {
      ...{ ArrowDown: at + 1, ArrowUp: at - 1, j: at + 1, k: at - 1, Home: 0, End: rows.length - 1 },
      ...{ PageDown: at + page, PageUp: at - page },
    };
    const step = Object.hasOwn(steps, event.key) ? steps[event.key] : undefined;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (step !== undefined) choose(rows[Math.max(0, Math.min(rows.length - 1, step))]);
    else if (event.key === 'ArrowRight' && span && span.children.length > 0) {
      if (folded.has(span.id)) toggle(span, false);
      else choose(span.children[0]);
    } else if (event.key === 'ArrowLeft' && span) {
      if (span.children.length > 0 && !folded.has(span.id)) toggle(span, true);
      else choose(trace.byId.get(span.sent.parentId ?? ''));
    } else return;
    event.preventDefault();
  }

  const first = Math.max(0, Math.floor(view.top / ROW_PX) - OVERSCAN);
  const shown = rows.slice(first, Math.ceil((view.top + view.height) / ROW_PX) + OVERSCAN);
  const { share, marks } = useMemo(() => timeScale(trace.byId.values(), trace.durationMs, TICKS), [trace]);
  return (
    <div class="waterfall">
      <div class="waterfall-head" aria-hidden="true">
        <span>Span</span>
        <span class="axis">
          {marks.map(({ atMs, text, isPause }) => (
            <span
              key={atMs}
              class={isPause ? 'is-pause' : ''}
              style={{ left: `${share(atMs)}%` }}
              title={isPause ? 'nothing ran' : undefined}
            >
              {text}
            </span>
          ))}
        </span>
      </div>
      <div
        ref={scroller}
        class="waterfall-rows"
        role="tree"
        tabIndex={0}
        aria-label={`Spans of the trace: ${rows.length}`}
        aria-activedescendant={
          chosen && at >= first && at < first + shown.length ? `span-${chosen.id}` : undefined
        }
        onKeyDown={onKeyDown}
      >
        <div role="presentation" style={{ height: `${rows.length * ROW_PX}px` }}>
          <div role="presentation" style={{ transform: `translateY(${first * ROW_PX}px)` }}>
            {shown.map((span, index) => (
              <SpanRow
                key={span.id}
                span={span}
                place={first + index + 1}
                total={rows.length}
                colour={colours.get(span.sent.service) ?? '--series-1'}
                pieces={path.get(span.id)}
                lines={linesOf.get(span.id)}
                trace={trace}
                isFolded={folded.has(span.id)}
                isChosen={span === chosen}
                share={share}
                onChoose={choose}
                onToggle={toggle}
              />
            ))}
          </div>
        </div>
      </div>
    </div>
  );
}

function bySpan(lines: readonly LogLine[]): ReadonlyMap<string, readonly LogLine[]> {
  return Map.groupBy(lines, ({ spanId }) => spanId ?? '');
}
