/** Where the time of a trace went, as frames upon frames (flame.ts), drawn on a canvas; a click makes a frame the widest one. The table
 * below says the same for keyboards and screen readers. */
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { duration } from '../../shared/format.ts';
import { go, useLocation, withQuery } from '../../shared/location.ts';
import { colourReader } from '../parts/colours.ts';
import { type Column, Table } from '../parts/table.tsx';
import { useDark } from '../parts/use-dark.ts';
import { useWidth } from '../parts/use-width.ts';
import { type Frame, flameOf } from './flame.ts';
import type { Trace } from './trace.ts';

const ROW_PX = 22;
const LEAST_PX = 1;
const LEAST_TEXT_PX = 40;
const MAX_ROWS = 60;
const MAX_LISTED = 30;

const COLUMNS: readonly Column<Frame>[] = [
  {
    name: 'Span',
    cell: ({ service, name, path, errors }) => (
      <button type="button" class="plain" data-item onClick={() => go(withQuery({ frame: path }))}>
        {errors > 0 && <span class="is-down">✕ </span>}
        <b>{service}</b> {name}
        <small class="about">{callerOf(path)}</small>
      </button>
    ),
    order: ({ service, name }) => `${service} ${name}`,
  },
  {
    name: 'Times',
    cell: ({ count }) => count,
    order: ({ count }) => count,
    isNumber: true,
    isExtra: true,
  },
  { name: 'Itself', cell: ({ selfMs }) => duration(selfMs), order: ({ selfMs }) => selfMs, isNumber: true },
  {
    name: 'With all below',
    cell: ({ totalMs }) => duration(totalMs),
    order: ({ totalMs }) => totalMs,
    isNumber: true,
    isExtra: true,
  },
];

interface Box {
  readonly frame: Frame;
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

export function FlameView({ trace, colours }: { trace: Trace; colours: ReadonlyMap<string, string> }) {
  const { query } = useLocation();
  const top = useMemo(() => flameOf(trace.roots), [trace]);
  const all = useMemo(() => framesOf(top), [top]);
  const root = all.find(({ path }) => path === query.get('frame')) ?? top;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [host, width] = useWidth<HTMLDivElement>();
  const isDark = useDark();
  const boxes = useMemo(() => boxesOf(root, width), [root, width]);
  useEffect(() => draw(canvas.current!, boxes, width, colours), [boxes, width, colours, isDark]);
  const boxAt = (event: MouseEvent): Box | undefined => {
    const { left, top: above } = canvas.current!.getBoundingClientRect();
    const [x, y] = [event.clientX - left, event.clientY - above];
    return boxes.find((box) => x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + ROW_PX);
  };
  const slowest = all.filter((frame) => frame !== top).sort((one, other) => other.selfMs - one.selfMs);
  return (
    <div class="flame">
      {root !== top && (
        <button type="button" data-close onClick={() => go(withQuery({ frame: undefined }))}>
          ← All of the trace
        </button>
      )}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the table below has the same for keyboards */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the table below has the same for keyboards */}
      <div
        ref={host}
        onClick={(event) => {
          const box = boxAt(event);
          if (box) go(withQuery({ frame: box.frame === top ? undefined : box.frame.path }));
        }}
        onMouseMove={(event) => {
          const frame = boxAt(event)?.frame;
          event.currentTarget.title = frame
            ? `${frame.service} ${frame.name}: ${duration(frame.totalMs)}, itself ${duration(frame.selfMs)}, ${frame.count}×`
            : '';
        }}
      >
        <canvas
          ref={canvas}
          role="img"
          aria-label="Where the time of the trace went; the table below says the same"
        />
      </div>
      <h2>Slowest by themselves</h2>
      <Table
        caption="Frames by the time they took themselves"
        rows={slowest.slice(0, MAX_LISTED)}
        columns={COLUMNS}
        keyOf={({ path }) => path}
      />
    </div>
  );
}

/** Frames of one name stand at several places of a trace. */
function callerOf(path: string): string {
  const above = path.split('\n').at(-2);
  return above ? `in ${above}` : '';
}

function framesOf(top: Frame): Frame[] {
  const frames = [top];
  for (let index = 0; index < frames.length; index++) frames.push(...frames[index]!.children.values());
  return frames;
}

function boxesOf(root: Frame, width: number): Box[] {
  const boxes: Box[] = [];
  const add = (frame: Frame, x: number, row: number): void => {
    const size = root.totalMs > 0 ? (frame.totalMs / root.totalMs) * width : 0;
    if (size < LEAST_PX || row >= MAX_ROWS) return;
    boxes.push({ frame, x, y: row * ROW_PX, width: size });
    let left = x;
    for (const child of [...frame.children.values()].sort((one, other) => other.totalMs - one.totalMs)) {
      add(child, left, row + 1);
      left += (child.totalMs / root.totalMs) * width;
    }
  };
  add(root, 0, 0);
  return boxes;
}

function draw(
  canvas: HTMLCanvasElement,
  boxes: readonly Box[],
  width: number,
  colours: ReadonlyMap<string, string>,
): void {
  const ratio = devicePixelRatio;
  const height = Math.max(ROW_PX, ...boxes.map(({ y }) => y + ROW_PX));
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext('2d')!;
  const colour = colourReader(canvas.parentElement!);
  context.scale(ratio, ratio);
  context.font = '12px system-ui, sans-serif';
  context.textBaseline = 'middle';
  for (const { frame, x, y, width: size } of boxes) {
    context.fillStyle = colour(colours.get(frame.service) ?? '--quiet');
    context.fillRect(x, y, Math.max(LEAST_PX, size - 1), ROW_PX - 1);
    if (frame.errors > 0) {
      context.fillStyle = colour('--level-error');
      context.fillRect(x, y + ROW_PX - 4, size - 1, 3);
    }
    if (size < LEAST_TEXT_PX) continue;
    context.save();
    context.beginPath();
    context.rect(x, y, size - 4, ROW_PX);
    context.clip();
    context.fillStyle = colour('--surface');
    context.fillText(
      `${frame.service} ${frame.name} · ${duration(frame.totalMs)}`.trim(),
      x + 5,
      y + ROW_PX / 2,
    );
    context.restore();
  }
}
