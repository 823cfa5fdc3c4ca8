/** The calls that the picture shows: one line per pair of services, the MAX_BUSY busiest and up to MAX_UNHEALTHY that fail. A line
 * bends to one side as seen from who calls, so that calls and calls back are apart. */
import type { Flow } from '../../src/live/wall-state.ts';
import type { Box, Chip } from './service-map.ts';

const MAX_BUSY = 40;
const MAX_UNHEALTHY = 40;
/** From this share of failures on calls are shown as failing. */
export const UNHEALTHY_SHARE = 0.01;
/** How far a line may bend, of its length, as tried one after another. */
const BENDS = [0.05, 0.16, -0.16, 0.3, -0.3];
const TOUCH = 7;
const STEPS = 24;

/** A quadratic Bézier curve. */
export interface Curve {
  readonly x0: number;
  readonly y0: number;
  readonly cx: number;
  readonly cy: number;
  readonly x1: number;
  readonly y1: number;
}

export interface Edge extends Flow {
  readonly key: string;
  readonly isUnhealthy: boolean;
  readonly curve: Curve;
}

export function edgesOf(flows: readonly Flow[], chips: readonly Chip[]): Edge[] {
  const boxes = new Map(chips.map(({ name, box }) => [name, box]));
  const all = [...boxes.values()];
  const byRate = flows
    .filter(({ from, to, requestsPerSecond }) => boxes.has(from) && boxes.has(to) && requestsPerSecond > 0)
    .sort((a, b) => b.requestsPerSecond - a.requestsPerSecond || (keyOf(a) < keyOf(b) ? -1 : 1));
  const unhealthy = byRate.filter(isUnhealthy).slice(0, MAX_UNHEALTHY);
  const shown = new Set([...byRate.slice(0, MAX_BUSY), ...unhealthy]);
  return [...shown].map((flow) => ({
    ...flow,
    key: keyOf(flow),
    isUnhealthy: isUnhealthy(flow),
    curve: curveOf(boxes.get(flow.from)!, boxes.get(flow.to)!, all),
  }));
}

export function keyOf({ from, to }: Flow): string {
  return `${from}\n${to}`;
}

function isUnhealthy({ errorShare }: Flow): boolean {
  return errorShare >= UNHEALTHY_SHARE;
}

export function pointAt({ x0, y0, cx, cy, x1, y1 }: Curve, at: number): readonly [x: number, y: number] {
  const rest = 1 - at;
  const [a, b, c] = [rest * rest, 2 * rest * at, at * at];
  return [a * x0 + b * cx + c * x1, a * y0 + b * cy + c * y1];
}

/** Whether a pointer there means this line. */
export function isNear(curve: Curve, x: number, y: number): boolean {
  for (let step = 0; step <= STEPS; step++) {
    const [px, py] = pointAt(curve, step / STEPS);
    const reach = Math.max(TOUCH, Math.hypot(curve.x1 - curve.x0, curve.y1 - curve.y0) / STEPS);
    if (Math.hypot(px - x, py - y) <= reach) return true;
  }
  return false;
}

/** Of some ways the first that goes behind the fewest other services: nearly straight, bent to either side, over the top, along the
 * side. */
function curveOf(from: Box, to: Box, all: readonly Box[]): Curve {
  if (from === to) {
    const [ax] = centre(from);
    const reach = from.width * 0.25;
    return { x0: ax - reach, y0: from.y, cx: ax, cy: from.y - from.height, x1: ax + reach, y1: from.y };
  }
  const others = all.filter((box) => box !== from && box !== to);
  let best: { curve: Curve; hidden: number } | undefined;
  for (const curve of waysBetween(from, to)) {
    const hidden = hiddenPoints(curve, others);
    if (hidden === 0) return curve;
    if (!best || hidden < best.hidden) best = { curve, hidden };
  }
  return best!.curve;
}

function* waysBetween(from: Box, to: Box): Generator<Curve> {
  const [ax, ay] = centre(from);
  const [bx, by] = centre(to);
  const [dx, dy] = [bx - ax, by - ay];
  for (const bend of BENDS) {
    const cx = (ax + bx) / 2 - dy * bend;
    const cy = (ay + by) / 2 + dx * bend;
    const [x0, y0] = leaving(from, cx, cy);
    const [x1, y1] = leaving(to, cx, cy);
    yield { x0, y0, cx, cy, x1, y1 };
  }
  const above = dx > 0 ? -1 : 1;
  if (Math.abs(dy) < from.height) {
    const [y0, y1] = [ay + (above * from.height) / 2, by + (above * to.height) / 2];
    const bulge = from.height * 0.75 + Math.abs(dx) * 0.06;
    yield { x0: ax, y0, cx: (ax + bx) / 2, cy: (y0 + y1) / 2 + above * bulge, x1: bx, y1 };
  }
  for (const side of dy > 0 ? [-1, 1] : [1, -1]) {
    if (Math.abs(dx) >= from.width) break;
    const [x0, x1] = [ax + (side * from.width) / 2, bx + (side * to.width) / 2];
    const bulge = from.height * 0.6 + Math.abs(dy) * 0.12;
    yield { x0, y0: ay, cx: (x0 + x1) / 2 + side * bulge, cy: (ay + by) / 2, x1, y1: by };
  }
}

function hiddenPoints(curve: Curve, boxes: readonly Box[]): number {
  let hidden = 0;
  for (let step = 1; step < STEPS; step++) {
    const [px, py] = pointAt(curve, step / STEPS);
    if (boxes.some(({ x, y, width, height }) => px > x && px < x + width && py > y && py < y + height))
      hidden += 1;
  }
  return hidden;
}

function centre({ x, y, width, height }: Box): readonly [number, number] {
  return [x + width / 2, y + height / 2];
}

/** Where the line from the centre of a box towards a point crosses its border. */
function leaving(box: Box, towardsX: number, towardsY: number): readonly [number, number] {
  const [x, y] = centre(box);
  const [dx, dy] = [towardsX - x, towardsY - y];
  const part = Math.min(
    box.width / 2 / Math.max(Math.abs(dx), 1e-9),
    box.height / 2 / Math.max(Math.abs(dy), 1e-9),
    1,
  );
  return [x + dx * part, y + dy * part];
}
