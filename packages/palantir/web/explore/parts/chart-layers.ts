/** What charts draw besides their lines: changes as vertical marks, exemplars as points that can be clicked, and what stands at the
 * cursor. */
import type uPlot from 'uplot';
import { clockTime } from '../../shared/format.ts';
import { type Unit, written } from './units.ts';

export interface Mark {
  readonly atMs: number;
  readonly text: string;
}

export interface Point {
  readonly atMs: number;
  readonly value: number;
  readonly href: string;
}

type Colour = (name: string) => string;

const MARK_REACH_PX = 5;
const POINT_REACH_PX = 10;
const POINT_RADIUS = 4;
const MAX_LISTED = 12;

export function markLayer(marks: () => readonly Mark[], colour: Colour): uPlot.Plugin {
  return {
    hooks: {
      draw: (plot) => {
        const { ctx, bbox } = plot;
        const ratio = devicePixelRatio;
        ctx.save();
        ctx.strokeStyle = ctx.fillStyle = colour('--mark');
        ctx.lineWidth = ratio;
        ctx.setLineDash([3 * ratio, 3 * ratio]);
        for (const { atMs } of marks()) {
          const x = Math.round(plot.valToPos(atMs, 'x', true)) + 0.5;
          if (x < bbox.left || x > bbox.left + bbox.width) continue;
          ctx.beginPath();
          ctx.moveTo(x, bbox.top);
          ctx.lineTo(x, bbox.top + bbox.height);
          ctx.stroke();
          ctx.beginPath();
          ctx.moveTo(x - 5 * ratio, bbox.top);
          ctx.lineTo(x + 5 * ratio, bbox.top);
          ctx.lineTo(x, bbox.top + 7 * ratio);
          ctx.fill();
        }
        ctx.restore();
      },
    },
  };
}

/** Points above what the chart shows stand at its upper edge. */
export function pointLayer(
  points: () => readonly Point[],
  colour: Colour,
  open: (href: string) => void,
): uPlot.Plugin {
  const place = (plot: uPlot, { atMs, value }: Point): [x: number, y: number] => {
    const { max = 1, min = 0 } = plot.scales.y!;
    return [plot.valToPos(atMs, 'x'), plot.valToPos(Math.max(min!, Math.min(max!, value)), 'y')];
  };
  return {
    hooks: {
      ready: (plot) => {
        plot.over.addEventListener('click', () => {
          const { left = -1, top = -1 } = plot.cursor;
          const near = points()
            .map((point) => {
              const [x, y] = place(plot, point);
              return { point, distance: Math.hypot(x - left, y - top) };
            })
            .sort((one, other) => one.distance - other.distance)[0];
          if (near && near.distance <= POINT_REACH_PX) open(near.point.href);
        });
      },
      draw: (plot) => {
        const { ctx, bbox } = plot;
        const ratio = devicePixelRatio;
        ctx.save();
        ctx.fillStyle = colour('--exemplar');
        ctx.strokeStyle = colour('--surface');
        ctx.lineWidth = ratio;
        for (const point of points()) {
          const [left, top] = place(plot, point);
          const [x, y] = [bbox.left + left * ratio, bbox.top + top * ratio];
          if (x < bbox.left || x > bbox.left + bbox.width) continue;
          const radius = POINT_RADIUS * ratio;
          ctx.beginPath();
          ctx.moveTo(x, y - radius);
          ctx.lineTo(x + radius, y);
          ctx.lineTo(x, y + radius);
          ctx.lineTo(x - radius, y);
          ctx.closePath();
          ctx.fill();
          ctx.stroke();
        }
        ctx.restore();
      },
    },
  };
}

/** Time and values at the cursor, the largest first, and the marks that are there. Of charts that move together only the one under
 * the pointer tells. */
export function tooltipLayer(
  marks: () => readonly Mark[],
  unit: Unit,
  valuesAt: (plot: uPlot, index: number) => { name: string; colour: string; value: number }[],
): uPlot.Plugin {
  const box = document.createElement('div');
  box.className = 'chart-tooltip';
  box.hidden = true;

  const row = (text: string, value = '', colour?: string): HTMLElement => {
    const line = document.createElement('div');
    const name = document.createElement('span');
    if (colour !== undefined) {
      const swatch = line.appendChild(document.createElement('i'));
      swatch.style.background = colour;
    }
    name.textContent = text;
    const number = document.createElement('b');
    number.textContent = value;
    line.append(name, number);
    return line;
  };

  return {
    hooks: {
      ready: (plot) => {
        plot.over.append(box);
        plot.over.addEventListener('mouseleave', () => {
          box.hidden = true;
        });
      },
      setCursor: (plot) => {
        const { idx, left = -1 } = plot.cursor;
        if (idx === null || idx === undefined || left < 0 || !plot.over.matches(':hover')) {
          box.hidden = true;
          return;
        }
        const values = valuesAt(plot, idx).sort((one, other) => other.value - one.value);
        const near = marks().filter(({ atMs }) => Math.abs(plot.valToPos(atMs, 'x') - left) <= MARK_REACH_PX);
        const title = document.createElement('strong');
        title.textContent = clockTime(plot.data[0][idx]!);
        box.replaceChildren(
          title,
          ...near.map(({ text }) => row(`▼ ${text}`)),
          ...values
            .slice(0, MAX_LISTED)
            .map(({ name, colour, value }) => row(name, written(value, unit), colour)),
          ...(values.length > MAX_LISTED ? [row(`and ${values.length - MAX_LISTED} more`)] : []),
        );
        box.hidden = false;
        const width = plot.over.clientWidth;
        box.style.left = left > width / 2 ? '' : `${left + 14}px`;
        box.style.right = left > width / 2 ? `${width - left + 14}px` : '';
      },
    },
  };
}
