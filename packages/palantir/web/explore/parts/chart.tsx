/** A chart of lines over time by uPlot. Charts of a page move their cursors together; dragging over one picks a range. What it shows
 * is told to screen readers in a sentence, and the names of its lines stand below it. */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import './chart.css';
import { several } from '../../shared/format.ts';
import { go } from '../../shared/location.ts';
import { type Mark, markLayer, type Point, pointLayer, tooltipLayer } from './chart-layers.ts';
import { lastOf, lonely, shortened, spanOf, stacked, timeLabels } from './chart-values.ts';
import { colourReader, seriesColour } from './colours.ts';
import type { TimeRange } from './time-range.ts';
import { type Unit, written } from './units.ts';
import { useDark } from './use-dark.ts';

export interface Line {
  readonly name: string;
  readonly values: readonly (number | null)[];
  /** A custom property of the theme. */
  readonly colour?: string;
}

interface Props {
  readonly title: string;
  readonly unit: Unit;
  readonly range: TimeRange;
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly onZoom: (range: TimeRange) => void;
  readonly marks?: readonly Mark[];
  readonly points?: readonly Point[];
  readonly height?: number;
  /** Areas upon each other: the upper edge is the sum. */
  readonly isStacked?: boolean;
  /** Where the title leads. */
  readonly href?: string;
  /** What to look for. */
  readonly about?: string | undefined;
  /** Without the names below, where something else names them. */
  readonly isPlain?: boolean;
}

const SYNC = 'explore';
const NONE: readonly never[] = [];
const MIN_DRAG_PX = 4;
const AREA_OPACITY = 0.12;
const STACK_OPACITY = 0.35;

export function Chart(props: Props) {
  const {
    title,
    unit,
    range,
    times,
    lines,
    marks = NONE,
    points = NONE,
    height = 180,
    isPlain,
    isStacked,
    href,
    about,
  } = props;
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const now = useRef(props);
  now.current = props;
  const isDark = useDark();
  const names = lines.map(({ name, colour }) => `${name}|${colour}`).join('\n');

  useEffect(() => {
    const element = host.current!;
    const made = new uPlot(optionsOf(now, element, height), dataOf(now.current), element);
    plot.current = made;
    const watcher = new ResizeObserver(([entry]) => {
      made.setSize({ width: Math.max(60, Math.floor(entry!.contentRect.width)), height });
    });
    watcher.observe(element);
    return () => {
      watcher.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [names, unit, height, isDark, isStacked]);

  useEffect(() => {
    plot.current?.setData(dataOf(now.current));
  }, [times, lines, range, marks, points]);

  return (
    <figure class="chart">
      <figcaption>
        {href === undefined ? title : <a href={href}>{title}</a>}
        {about !== undefined && <small class="about">{about}</small>}
      </figcaption>
      <div role="img" aria-label={sentenceOf(title, lines, unit, marks.length)}>
        <div ref={host} />
        {lines.length === 0 && times.length > 0 && <p class="chart-none">none in this range</p>}
      </div>
      {!isPlain && lines.length > 0 && (
        <ul class="legend">
          {lines.map(({ name, values, colour }, index) => (
            <li key={name}>
              <i style={{ background: `var(${colour ?? seriesColour(index)})` }} />
              {name} <b>{written(lastOf(values), unit)}</b>
            </li>
          ))}
        </ul>
      )}
    </figure>
  );
}

function optionsOf(now: { readonly current: Props }, host: HTMLElement, height: number): uPlot.Options {
  const { unit, lines, isStacked = false } = now.current;
  const colour = colourReader(host);
  const axis = { stroke: colour('--quiet'), ticks: { show: false }, font: '11px system-ui, sans-serif' };
  const grid = { stroke: colour('--grid'), width: 1 };
  const colourOf = (line: Line | undefined, index: number): string =>
    colour(line?.colour ?? seriesColour(index));
  return {
    width: Math.max(60, Math.floor(host.clientWidth)),
    height,
    ms: 1,
    legend: { show: false },
    cursor: {
      sync: { key: SYNC, setSeries: false },
      drag: { x: true, y: false, setScale: false },
      points: { size: 6 },
    },
    scales: {
      x: { time: true, range: () => [now.current.range.fromMs, now.current.range.toMs] },
      y: { range: (_plot, low, high) => spanOf(low, high) },
    },
    axes: [
      { ...axis, grid: { show: false }, size: 28, values: (_plot, times) => timeLabels(times) },
      {
        ...axis,
        grid,
        size: 64,
        values: (_plot, values) => values.map((value) => shortened(written(value, unit))),
      },
    ],
    series: [
      {},
      ...lines.map((line, index) => ({
        label: line.name,
        stroke: colourOf(line, index),
        width: 1.5,
        points: { show: true, size: 4, fill: colourOf(line, index), filter: lonelyOf },
        spanGaps: false,
        ...((lines.length === 1 || isStacked) && {
          fill: faded(colourOf(line, index), isStacked ? STACK_OPACITY : AREA_OPACITY),
        }),
      })),
    ],
    // Each area ends at the next one's edge.
    bands: isStacked ? lines.slice(1).map((_, index) => ({ series: [index + 1, index + 2] })) : [],
    plugins: [
      markLayer(() => now.current.marks ?? NONE, colour),
      pointLayer(() => now.current.points ?? NONE, colour, go),
      tooltipLayer(
        () => now.current.marks ?? NONE,
        unit,
        (_plot, at) =>
          now.current.lines.flatMap((line, index) => {
            const value = line.values[at];
            if (value === null || value === undefined) return [];
            return [{ name: line.name, colour: colourOf(line, index), value }];
          }),
      ),
    ],
    hooks: {
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          if (width < MIN_DRAG_PX) return;
          now.current.onZoom({ fromMs: plot.posToVal(left, 'x'), toMs: plot.posToVal(left + width, 'x') });
        },
      ],
    },
  };
}

function dataOf({ times, lines, isStacked }: Props): uPlot.AlignedData {
  const drawn = isStacked
    ? stacked(
        lines.map(({ values }) => values),
        times.length,
      )
    : lines.map(({ values }) => values);
  return [times as number[], ...(drawn as (number | null)[][])];
}

function lonelyOf(plot: uPlot, series: number): number[] {
  const [first, last] = plot.series[series]!.idxs ?? [0, -1];
  return lonely(plot.data[series]!, first, last);
}

function faded(colour: string, opacity: number): string {
  return colour.replace(/^rgb\((.+)\)$/, `rgba($1, ${opacity})`);
}

function sentenceOf(title: string, lines: readonly Line[], unit: Unit, marks: number): string {
  if (lines.length === 0) return `${title}: no data`;
  const last = lines.slice(0, 5).map(({ name, values }) => `${name} ${written(lastOf(values), unit)}`);
  return `${title}, now: ${last.join(', ')}${lines.length > 5 ? ` and ${lines.length - 5} more` : ''}${marks > 0 ? `; ${several(marks, 'change')}` : ''}`;
}
