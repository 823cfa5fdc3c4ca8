/** How many lines there were, as stacked bars by level. A click on a bar, or dragging over some, narrows the range. */
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { clockTime, count } from '../../shared/format.ts';
import { ChangeMarks } from '../parts/change-marks.tsx';
import { colourReader } from '../parts/colours.ts';
import type { Level } from '../parts/severity.ts';
import type { TimeRange } from '../parts/time-range.ts';
import { useMarks } from '../parts/use-changes.ts';
import { useDark } from '../parts/use-dark.ts';
import { useWidth } from '../parts/use-width.ts';
import { type Histogram, histogramOf, type LogCount } from './histogram.ts';

interface Props {
  readonly counts: readonly LogCount[];
  readonly range: TimeRange;
  readonly onZoom: (range: TimeRange) => void;
}

const HEIGHT = 84;
const MIN_DRAG_PX = 4;
/** What the eye is to find first; there is more of everything else. */
const LOUD: ReadonlySet<Level> = new Set(['fatal', 'error', 'warn']);
const QUIET_ALPHA = 0.5;

export function HistogramChart({ counts, range, onZoom }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [host, width] = useWidth<HTMLDivElement>();
  const selection = useRef<HTMLDivElement>(null);
  const readout = useRef<HTMLSpanElement>(null);
  const isDark = useDark();
  const histogram = useMemo(() => histogramOf(counts, range), [counts, range]);
  useEffect(() => draw(canvas.current!, histogram, width), [histogram, width, isDark]);
  const { times, stepMs, levels, total } = histogram;
  const marks = useMarks(range);
  const drawn = { fromMs: times[0]!, toMs: times[0]! + times.length * stepMs };
  const msAt = (x: number): number => times[0]! + (x / width) * times.length * stepMs;
  const xOf = (event: PointerEvent): number =>
    Math.max(0, Math.min(width, event.clientX - canvas.current!.getBoundingClientRect().left));
  const begun = useRef<number>(null);

  function select(from: number, to: number): void {
    const { style } = selection.current!;
    style.left = `${Math.min(from, to)}px`;
    style.width = `${Math.abs(to - from)}px`;
  }

  function pick(x: number): void {
    const from = begun.current;
    begun.current = null;
    select(0, 0);
    if (from === null) return;
    const [fromMs, toMs] = [msAt(Math.min(x, from)), msAt(Math.max(x, from))];
    if (Math.abs(x - from) >= MIN_DRAG_PX) return onZoom({ fromMs, toMs });
    const bar = times[0]! + Math.floor((fromMs - times[0]!) / stepMs) * stepMs;
    onZoom({ fromMs: bar, toMs: bar + stepMs });
  }

  function tell(x: number): void {
    const bar = Math.min(times.length - 1, Math.floor((x / width) * times.length));
    const said = levels.flatMap(({ level, counts: values }) =>
      values[bar]! > 0 ? [`${level} ${count(values[bar]!)}`] : [],
    );
    readout.current!.textContent = `${clockTime(times[bar]!)}: ${said.join(', ') || 'none'}`;
  }

  return (
    <figure class="histogram">
      <figcaption>
        <span>
          {count(total)} lines
          {levels.map(({ level, counts: values }) => (
            <span key={level} class={`level level-${level}`}>
              {level} {count(values.reduce((sum, value) => sum + value, 0))}
            </span>
          ))}
        </span>
        <span ref={readout} class="quiet" />
      </figcaption>
      <div
        ref={host}
        class="histogram-plot"
        onPointerDown={(event) => {
          begun.current = xOf(event);
          event.currentTarget.setPointerCapture(event.pointerId);
        }}
        onPointerMove={(event) => {
          tell(xOf(event));
          if (begun.current !== null) select(begun.current, xOf(event));
        }}
        onPointerUp={(event) => pick(xOf(event))}
        onPointerCancel={() => {
          begun.current = null;
          select(0, 0);
        }}
      >
        <canvas ref={canvas} role="img" aria-label={`Lines over time: ${count(total)} in all`} />
        <ChangeMarks marks={marks} range={drawn} />
        <div ref={selection} class="histogram-selection" />
      </div>
    </figure>
  );
}

function draw(canvas: HTMLCanvasElement, { times, levels }: Histogram, width: number): void {
  const ratio = devicePixelRatio;
  canvas.width = width * ratio;
  canvas.height = HEIGHT * ratio;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${HEIGHT}px`;
  const context = canvas.getContext('2d')!;
  const colour = colourReader(canvas.parentElement!);
  const sums = times.map((_, bar) => levels.reduce((sum, { counts }) => sum + counts[bar]!, 0));
  const most = Math.max(1, ...sums);
  const bar = (width * ratio) / times.length;
  const gap = bar > 4 * ratio ? ratio : 0;
  const bottoms = times.map(() => HEIGHT * ratio);
  context.fillStyle = colour('--grid');
  context.fillRect(0, HEIGHT * ratio - ratio, width * ratio, ratio);
  for (const { level, counts } of levels) {
    context.fillStyle = colour(`--level-${level}`);
    context.globalAlpha = LOUD.has(level) ? 1 : QUIET_ALPHA;
    counts.forEach((value, index) => {
      if (value === 0) return;
      const height = Math.max(ratio, (value / most) * (HEIGHT - 6) * ratio);
      bottoms[index]! -= height;
      context.fillRect(index * bar, bottoms[index]!, bar - gap, height);
    });
  }
}
