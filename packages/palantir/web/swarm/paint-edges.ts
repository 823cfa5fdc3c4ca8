/** Draws the lines between services: as thick as the logarithm of their requests; one that fails is red, broken and has its share of
 * failures written on it. */
import { percent } from '../shared/format.ts';
import { type Edge, pointAt } from './edges.ts';
import type { Writer } from './paint-text.ts';
import type { Palette } from './palette.ts';
import type { Box } from './service-map.ts';
import type { View } from './view.ts';

const FADED = 0.15;
/** Lines step back behind what moves on them. */
const LINE = 0.5;

export function paintEdges(ctx: CanvasRenderingContext2D, view: View, colours: Palette): void {
  for (const edge of view.edges) {
    const { x0, y0, cx, cy, x1, y1 } = edge.curve;
    ctx.globalAlpha = isAside(view, edge) ? FADED : edge.isUnhealthy ? 1 : LINE;
    ctx.strokeStyle = edge.isUnhealthy ? colours.bad : colours.quiet;
    ctx.lineWidth = (view.layout.text / 16) * (1 + Math.min(4, Math.log10(1 + edge.requestsPerSecond)) * 0.7);
    ctx.setLineDash(edge.isUnhealthy ? [7, 4] : []);
    ctx.beginPath();
    ctx.moveTo(x0, y0);
    ctx.quadraticCurveTo(cx, cy, x1, y1);
    ctx.stroke();
    ctx.setLineDash([]);
    paintArrow(ctx, edge, view.layout.text * 0.3 + ctx.lineWidth, ctx.strokeStyle);
  }
  ctx.globalAlpha = 1;
}

/** On top of everything else of the map. @returns where they are */
export function paintEdgeLabels(
  ctx: CanvasRenderingContext2D,
  view: View,
  colours: Palette,
  writer: Writer,
): Box[] {
  const size = view.smallText;
  const boxes: Box[] = [];
  for (const edge of view.edges) {
    if (!edge.isUnhealthy || view.layout.map.detail === 'sign' || isAside(view, edge)) continue;
    const words = `${percent(edge.errorShare)} fail`;
    ctx.font = `600 ${size}px ${colours.font}`;
    const width = ctx.measureText(words).width;
    const [x, y] = freePoint(edge, width + size, size * 1.5, view);
    const box = {
      x: x - width / 2 - size * 0.4,
      y: y - size * 0.75,
      width: width + size * 0.8,
      height: size * 1.5,
    };
    ctx.fillStyle = colours.ground;
    ctx.fillRect(box.x, box.y, box.width, box.height);
    writer.write(words, x - width / 2, y, { size, colour: colours.bad, maxWidth: width + 1, isBold: true });
    boxes.push(box);
  }
  return boxes;
}

/** Along the line, as near to its middle as no service is covered; where all of it is, the middle. */
function freePoint({ curve }: Edge, width: number, height: number, view: View): readonly [number, number] {
  const isFree = ([x, y]: readonly [number, number]): boolean =>
    view.layout.map.chips.every(
      ({ box }) =>
        Math.abs(box.x + box.width / 2 - x) > (box.width + width) / 2 ||
        Math.abs(box.y + box.height / 2 - y) > (box.height + height) / 2,
    );
  const points = [0.5, 0.42, 0.58, 0.34, 0.66, 0.25, 0.75, 0.15, 0.85].map((at) => pointAt(curve, at));
  return points.find(isFree) ?? points[0]!;
}

function paintArrow(ctx: CanvasRenderingContext2D, { curve }: Edge, size: number, colour: string): void {
  const { cx, cy, x1, y1 } = curve;
  const angle = Math.atan2(y1 - cy, x1 - cx);
  ctx.fillStyle = colour;
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  ctx.lineTo(x1 - size * Math.cos(angle - 0.45), y1 - size * Math.sin(angle - 0.45));
  ctx.lineTo(x1 - size * Math.cos(angle + 0.45), y1 - size * Math.sin(angle + 0.45));
  ctx.fill();
}

/** Whether something else was chosen. */
function isAside({ selection }: View, { from, to }: Edge): boolean {
  if (selection?.kind === 'service') return from !== selection.service && to !== selection.service;
  return selection?.kind === 'flow' && (from !== selection.from || to !== selection.to);
}
