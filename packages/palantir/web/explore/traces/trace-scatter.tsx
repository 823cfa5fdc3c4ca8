/** The traces found, as points of time and duration: outliers are seen at once. The list below says the same in words. */
import { useEffect, useRef } from 'preact/hooks';
import type { TraceSummary } from '../../../src/store/traces/trace-summary.ts';
import { duration } from '../../shared/format.ts';
import { go } from '../../shared/location.ts';
import { ChangeMarks } from '../parts/change-marks.tsx';
import { colourReader } from '../parts/colours.ts';
import type { TimeRange } from '../parts/time-range.ts';
import { useMarks } from '../parts/use-changes.ts';
import { useDark } from '../parts/use-dark.ts';
import { useWidth } from '../parts/use-width.ts';

interface Props {
  readonly traces: readonly TraceSummary[];
  readonly range: TimeRange;
  readonly onZoom: (range: TimeRange) => void;
}

const HEIGHT = 120;
const RADIUS = 4;
const REACH_PX = 10;
const LEFT = 64;

export function TraceScatter({ traces, range, onZoom }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [host, width] = useWidth<HTMLDivElement>();
  const isDark = useDark();
  const places = placesOf(traces, range, width);
  const marks = useMarks(range);
  const pressedAt = useRef<number>(null);
  useEffect(() => draw(canvas.current!, places, width), [traces, range, width, isDark]);
  const near = (event: PointerEvent): Place | undefined => {
    const { left, top } = canvas.current!.getBoundingClientRect();
    const [x, y] = [event.clientX - left, event.clientY - top];
    const distance = (place: Place): number => Math.hypot(place.x - x, place.y - y);
    const nearest = places.reduce<Place | undefined>(
      (best, place) => (best && distance(best) <= distance(place) ? best : place),
      undefined,
    );
    return nearest && distance(nearest) <= REACH_PX ? nearest : undefined;
  };
  const msAt = (x: number): number =>
    range.fromMs +
    ((x - canvas.current!.getBoundingClientRect().left - LEFT) / (width - LEFT - RADIUS)) *
      (range.toMs - range.fromMs);
  return (
    <div
      ref={host}
      class="scatter"
      onPointerDown={(event) => {
        pressedAt.current = event.clientX;
      }}
      onPointerMove={(event) => {
        const { style } = event.currentTarget;
        const found = near(event);
        style.cursor = found ? 'pointer' : 'crosshair';
        event.currentTarget.title = found
          ? `${found.trace.rootService ?? ''} ${found.trace.rootName ?? ''}: ${duration(found.trace.durationMs)}`
          : '';
      }}
      onPointerUp={(event) => {
        const from = pressedAt.current;
        pressedAt.current = null;
        if (from !== null && Math.abs(event.clientX - from) > REACH_PX)
          return onZoom({
            fromMs: msAt(Math.min(from, event.clientX)),
            toMs: msAt(Math.max(from, event.clientX)),
          });
        const found = near(event);
        if (found) go(`/explore/traces/${found.trace.traceId}`);
      }}
    >
      <canvas ref={canvas} role="img" aria-label={`Durations of ${traces.length} traces over time`} />
      <ChangeMarks marks={marks} range={range} left={LEFT} right={RADIUS} />
    </div>
  );
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly trace: TraceSummary;
  readonly longestMs: number;
}

function placesOf(traces: readonly TraceSummary[], { fromMs, toMs }: TimeRange, width: number): Place[] {
  const longestMs = Math.max(1, ...traces.map(({ durationMs }) => durationMs));
  return traces.map((trace) => ({
    trace,
    longestMs,
    x: LEFT + ((trace.startMs - fromMs) / (toMs - fromMs)) * (width - LEFT - RADIUS),
    y: HEIGHT - 10 - (trace.durationMs / longestMs) * (HEIGHT - 24),
  }));
}

function draw(canvas: HTMLCanvasElement, places: readonly Place[], width: number): void {
  const ratio = devicePixelRatio;
  canvas.width = width * ratio;
  canvas.height = HEIGHT * ratio;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${HEIGHT}px`;
  const context = canvas.getContext('2d')!;
  const colour = colourReader(canvas.parentElement!);
  context.scale(ratio, ratio);
  context.font = '11px system-ui, sans-serif';
  context.textAlign = 'right';
  const longestMs = places[0]?.longestMs ?? 1;
  for (const share of [0, 0.5, 1]) {
    const y = Math.round(HEIGHT - 10 - share * (HEIGHT - 24)) + 0.5;
    context.fillStyle = colour('--quiet');
    context.fillText(share === 0 ? '0' : duration(longestMs * share), LEFT - 8, y + 4);
    context.fillStyle = colour('--grid');
    context.fillRect(LEFT, y, width - LEFT, 1);
  }
  for (const { x, y, trace } of places) {
    context.fillStyle = colour(trace.errors > 0 ? '--level-error' : '--series-1');
    context.globalAlpha = 0.75;
    context.beginPath();
    if (trace.errors > 0) context.rect(x - RADIUS, y - RADIUS, 2 * RADIUS, 2 * RADIUS);
    else context.arc(x, y, RADIUS, 0, 2 * Math.PI);
    context.fill();
  }
}
