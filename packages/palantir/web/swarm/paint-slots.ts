/** One square for each slot. Health is a form before it is a colour: healthy is full, unhealthy is crossed out, starting is half full,
 * stopped is empty, unknown is a point. A frame around it says that what runs is not what should. */
import type { InstanceHealth, SwarmInstance } from '../../src/swarm/swarm-state.ts';
import type { Slot } from './node-grid.ts';
import type { Palette } from './palette.ts';

const COLOURS: Readonly<Record<InstanceHealth, keyof Palette>> = {
  healthy: 'healthy',
  starting: 'warn',
  unhealthy: 'bad',
  stopped: 'unknown',
  unknown: 'unknown',
};
const HEALTHS = Object.keys(COLOURS) as InstanceHealth[];
/** Below this a cross would be a blot. */
const SMALLEST_CROSS = 6;
/** Below this there is no space for the mark of a new version. */
const SMALLEST_MARK = 9;

export function paintSlots(
  ctx: CanvasRenderingContext2D,
  slots: readonly Slot[],
  size: number,
  colours: Palette,
  newest: ReadonlyMap<string, string>,
): void {
  const edge = Math.max(1, size / 9);
  for (const health of HEALTHS) {
    const group = slots.filter(({ instance }) => instance.health === health);
    if (group.length === 0) continue;
    ctx.fillStyle = ctx.strokeStyle = colours[COLOURS[health]];
    ctx.lineWidth = edge;
    ctx.beginPath();
    for (const { x, y } of group) shapes[health](ctx, x, y, size, edge);
    if (health === 'stopped') ctx.stroke();
    else ctx.fill();
    if (health === 'unhealthy' && size >= SMALLEST_CROSS) crosses(ctx, group, size, colours.surface);
    if (health === 'starting') outlines(ctx, group, size, edge);
  }
  const off = slots.filter(({ instance }) => isOff(instance));
  ctx.strokeStyle = colours.text;
  ctx.lineWidth = Math.max(1, size / 8);
  outlines(ctx, off, size, -ctx.lineWidth);
  if (size >= SMALLEST_MARK) marks(ctx, slots, size, colours.surface, newest);
}

/** What runs is not what should. */
export function isOff({ isWanted, health }: SwarmInstance): boolean {
  return isWanted === (health === 'stopped');
}

type Shape = (ctx: CanvasRenderingContext2D, x: number, y: number, size: number, edge: number) => void;

const shapes: Readonly<Record<InstanceHealth, Shape>> = {
  healthy: (ctx, x, y, size) => ctx.rect(x, y, size, size),
  unhealthy: (ctx, x, y, size) => ctx.rect(x, y, size, size),
  starting: (ctx, x, y, size) => ctx.rect(x, y + size / 2, size, size / 2),
  stopped: (ctx, x, y, size, edge) => ctx.rect(x + edge / 2, y + edge / 2, size - edge, size - edge),
  unknown: (ctx, x, y, size) => ctx.rect(x + size * 0.3, y + size * 0.3, size * 0.4, size * 0.4),
};

function outlines(ctx: CanvasRenderingContext2D, group: readonly Slot[], size: number, inset: number): void {
  ctx.beginPath();
  for (const { x, y } of group) ctx.rect(x + inset / 2, y + inset / 2, size - inset, size - inset);
  ctx.stroke();
}

function crosses(ctx: CanvasRenderingContext2D, group: readonly Slot[], size: number, colour: string): void {
  const [near, far] = [size * 0.26, size * 0.74];
  ctx.strokeStyle = colour;
  ctx.lineWidth = Math.max(1, size / 7);
  ctx.beginPath();
  for (const { x, y } of group) {
    ctx.moveTo(x + near, y + near);
    ctx.lineTo(x + far, y + far);
    ctx.moveTo(x + far, y + near);
    ctx.lineTo(x + near, y + far);
  }
  ctx.stroke();
}

/** During a rollout what is of the new version has a corner cut out. */
function marks(
  ctx: CanvasRenderingContext2D,
  slots: readonly Slot[],
  size: number,
  colour: string,
  newest: ReadonlyMap<string, string>,
): void {
  const corner = Math.round(size * 0.42);
  ctx.fillStyle = colour;
  ctx.beginPath();
  for (const { x, y, instance } of slots) {
    if (newest.get(instance.service) !== instance.version) continue;
    ctx.moveTo(x + size - corner, y);
    ctx.lineTo(x + size, y);
    ctx.lineTo(x + size, y + corner);
    ctx.closePath();
  }
  ctx.fill();
}
