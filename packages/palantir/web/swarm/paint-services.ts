/** Draws the services: sign and name, numbers where there is space, and the version that goes out. */
import type { ServiceSummary } from '../../src/live/wall-state.ts';
import { count, duration, percent } from '../shared/format.ts';
import { MARK_WIDTH, SIGNS } from '../shared/sign-shapes.ts';
import { UNHEALTHY_SHARE } from './edges.ts';
import type { Writer } from './paint-text.ts';
import type { Palette } from './palette.ts';
import type { Chip } from './service-map.ts';
import type { View } from './view.ts';

const VERSION_LENGTH = 8;
const STATE_COLOURS = { ok: 'ok', degraded: 'warn', down: 'bad', unknown: 'unknown' } as const;

export function paintServices(
  ctx: CanvasRenderingContext2D,
  view: View,
  colours: Palette,
  writer: Writer,
): void {
  const services = new Map(view.state.services.map((service) => [service.name, service]));
  const { chips, detail } = view.layout.map;
  for (const chip of chips) paintService(ctx, chip, services.get(chip.name), view, colours, writer);
  if (detail !== 'sign') return;
  for (const { name, box } of chips)
    if (isLookedFor(services.get(name), name, view)) paintName(ctx, name, box, view, colours, writer);
}

function paintService(
  ctx: CanvasRenderingContext2D,
  { name, box }: Chip,
  service: ServiceSummary | undefined,
  view: View,
  colours: Palette,
  writer: Writer,
): void {
  const { text, map } = view.layout;
  const state = service?.state ?? 'unknown';
  const isChosen = view.selection?.kind === 'service' && view.selection.service === name;
  const isTrouble = state === 'degraded' || state === 'down';
  if (map.detail === 'sign') return paintSign(ctx, state, box.x, box.y, box.width, colours);
  ctx.beginPath();
  ctx.roundRect(box.x + 0.5, box.y + 0.5, box.width - 1, box.height - 1, text * 0.45);
  ctx.fillStyle = colours.surface;
  ctx.fill();
  ctx.lineWidth = isChosen || isTrouble ? Math.max(2, text * 0.14) : 1;
  ctx.strokeStyle = isChosen ? colours.accent : isTrouble ? colours[STATE_COLOURS[state]] : colours.line;
  ctx.stroke();
  const pad = text * 0.55;
  const line = box.y + (map.detail === 'full' ? text * 1.05 : box.height / 2);
  paintSign(ctx, state, box.x + pad, line - text * 0.5, text, colours);
  const left = box.x + pad + text * 1.35;
  const right = box.x + box.width - pad;
  writer.write(name, left, line, { size: text, colour: colours.text, maxWidth: right - left, isBold: true });
  if (map.detail === 'full' && service)
    paintNumbers(box.x + pad, right, box.y + text * 2.2, service, view, colours, writer);
  const rollout = rolloutOf(view, name);
  if (rollout) paintBadge(ctx, rollout, box, view, colours, writer);
}

/** Whether its name is told where there is no space for all of them. */
function isLookedFor(service: ServiceSummary | undefined, name: string, { selection }: View): boolean {
  const isTrouble = service?.state === 'degraded' || service?.state === 'down';
  return isTrouble || (selection?.kind === 'service' && selection.service === name);
}

/** Above a sign. */
function paintName(
  ctx: CanvasRenderingContext2D,
  name: string,
  { x, y, width }: Chip['box'],
  { layout: { text, map } }: View,
  colours: Palette,
  writer: Writer,
): void {
  ctx.font = `600 ${text}px ${colours.font}`;
  const needed = ctx.measureText(name).width + 1;
  const left = Math.max(0, Math.min(map.box.width - needed, x + width / 2 - needed / 2));
  const middle = Math.max(text * 0.6, y - text * 0.65);
  ctx.fillStyle = colours.ground;
  ctx.globalAlpha = 0.8;
  ctx.fillRect(left - text * 0.15, middle - text * 0.6, needed + text * 0.3, text * 1.2);
  ctx.globalAlpha = 1;
  writer.write(name, left, middle, { size: text, colour: colours.text, maxWidth: needed, isBold: true });
}

/** Requests, times and failures, as many as fit beside how many instances run. */
function paintNumbers(
  left: number,
  right: number,
  y: number,
  { ready, wanted, requestsPerSecond, errorShare, p95Ms }: ServiceSummary,
  { smallText: size }: View,
  colours: Palette,
  writer: Writer,
): void {
  const { quiet, warn, bad } = colours;
  const colour = ready < wanted ? (ready > 0 ? warn : bad) : quiet;
  const instances = { size, colour, maxWidth: (right - left) / 2, isRight: true, isBold: ready < wanted };
  const used = wanted > 0 ? writer.write(`${ready}/${wanted}`, right, y, instances) : 0;
  const room = { size, maxWidth: right - left - used - size * 0.4, isWhole: true };
  const rate = requestsPerSecond === 0 ? 'no requests' : `${count(requestsPerSecond)}/s`;
  const failing = errorShare >= UNHEALTHY_SHARE ? `${percent(errorShare)} fail` : '';
  const times = p95Ms > 0 ? duration(p95Ms) : '';
  const tries = failing ? [[rate, times, failing], [rate, failing], [failing]] : [[rate, times], [rate]];
  for (const parts of tries) {
    const words = parts.filter(Boolean).join(' · ');
    if (writer.write(words, left, y, { ...room, colour: failing ? bad : quiet }) > 0) return;
  }
}

/** `b772 3/8` while a version goes out. */
function rolloutOf({ state }: View, name: string): string | undefined {
  const service = state.swarm.services.find((one) => one.name === name);
  if (!service || service.versions.length < 2) return undefined;
  const newest = service.versions.at(-1)!;
  let updated = 0;
  for (const node of state.swarm.nodes)
    for (const one of node.instances)
      if (one.service === name && one.version === newest && one.health === 'healthy') updated += 1;
  return `${newest.slice(0, VERSION_LENGTH)} ${updated}/${service.wanted}`;
}

function paintBadge(
  ctx: CanvasRenderingContext2D,
  words: string,
  box: Chip['box'],
  { layout: { text }, smallText }: View,
  colours: Palette,
  writer: Writer,
): void {
  ctx.font = `600 ${smallText}px ${colours.font}`;
  const width = Math.min(ctx.measureText(words).width + text, box.width * 1.3);
  const [x, y, height] = [box.x + box.width - width + text * 0.4, box.y - smallText * 1.05, smallText * 1.5];
  ctx.beginPath();
  ctx.roundRect(x, y, width, height, height / 2);
  ctx.fillStyle = colours.accent;
  ctx.fill();
  writer.write(words, x + text * 0.5, y + height * 0.53, {
    size: smallText,
    colour: colours.ground,
    maxWidth: width - text * 0.8,
    isBold: true,
  });
}

const shapes = new Map(
  Object.entries(SIGNS).map(([state, { shape, mark }]) => [state, [new Path2D(shape), new Path2D(mark)]]),
);

function paintSign(
  ctx: CanvasRenderingContext2D,
  state: ServiceSummary['state'],
  x: number,
  y: number,
  size: number,
  colours: Palette,
): void {
  const [shape, mark] = shapes.get(state)!;
  ctx.save();
  ctx.translate(x, y);
  ctx.scale(size / 24, size / 24);
  ctx.fillStyle = colours[STATE_COLOURS[state]];
  ctx.fill(shape!);
  ctx.strokeStyle = colours.surface;
  ctx.lineWidth = MARK_WIDTH;
  ctx.lineCap = 'round';
  ctx.stroke(mark!);
  ctx.restore();
}
