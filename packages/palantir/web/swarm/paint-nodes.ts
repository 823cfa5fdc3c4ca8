/** Draws the nodes: name, role, how old its data is, CPU and memory, and its slots. Grey hatch lies over a node that was not heard of. */
import { age, percent } from '../shared/format.ts';
import { STALE_MS } from '../shared/live.ts';
import { NARROW, type NodeBox } from './node-grid.ts';
import { paintSlots } from './paint-slots.ts';
import type { Writer } from './paint-text.ts';
import type { Palette } from './palette.ts';
import type { View } from './view.ts';

/** Above this a bar is a warning. */
const HIGH = 0.85;
const FADED = 0.28;
/** Of text: below it there is no space for a number beside each bar. */
const WIDE_BARS = 15;

export function paintNodes(
  ctx: CanvasRenderingContext2D,
  view: View,
  colours: Palette,
  writer: Writer,
): void {
  const newest = newestVersions(view);
  const hatch = hatchOf(ctx, colours);
  for (const node of view.layout.grid.nodes) {
    paintBox(ctx, node.box, view.layout.text, colours, isChosen(view, node));
    if (view.layout.grid.header > 0) paintHeader(ctx, node, view, colours, writer);
    for (const { name, x, y, width } of view.layout.grid.labels)
      writer.write(name, node.box.x + x, node.box.y + y + view.smallText * 0.55, {
        size: view.smallText,
        colour: colours.quiet,
        maxWidth: width,
      });
    paintChosenSlots(ctx, node, view, colours, newest);
    if (isStale(node, view)) {
      ctx.fillStyle = hatch;
      ctx.fillRect(node.box.x, node.box.y, node.box.width, node.box.height);
      if (view.layout.grid.header === 0) paintSilent(ctx, node, view, colours, writer);
    }
  }
}

/** Where nodes have no names, the one that is not heard of has. */
function paintSilent(
  ctx: CanvasRenderingContext2D,
  { node, box }: NodeBox,
  { smallText, layout: { text } }: View,
  colours: Palette,
  writer: Writer,
): void {
  if (smallText === 0) return;
  const middle = box.y + box.height / 2;
  ctx.fillStyle = colours.surface;
  ctx.fillRect(box.x + 1, middle - text * 0.7, box.width - 2, text * 1.4);
  writer.write(node.name, box.x + text * 0.3, middle, {
    size: text,
    colour: colours.warn,
    maxWidth: box.width - text * 0.6,
    isBold: true,
  });
}

/** Where a service is chosen the others step back. */
function paintChosenSlots(
  ctx: CanvasRenderingContext2D,
  { node, slots }: NodeBox,
  { layout: { grid }, selection }: View,
  colours: Palette,
  newest: ReadonlyMap<string, string>,
): void {
  const service = selection && 'service' in selection ? selection.service : undefined;
  if (service === undefined) return paintSlots(ctx, slots, grid.square, colours, newest);
  ctx.globalAlpha = FADED;
  paintSlots(
    ctx,
    slots.filter(({ instance }) => instance.service !== service),
    grid.square,
    colours,
    newest,
  );
  ctx.globalAlpha = 1;
  const chosen = slots.filter(({ instance }) => instance.service === service);
  paintSlots(ctx, chosen, grid.square, colours, newest);
  if (selection?.kind !== 'instance' || selection.node !== node.name) return;
  const slot = chosen.find(({ instance }) => instance.slot === selection.slot);
  if (!slot) return;
  ctx.strokeStyle = colours.accent;
  ctx.lineWidth = 2.5;
  ctx.strokeRect(slot.x - 3, slot.y - 3, grid.square + 6, grid.square + 6);
}

function paintBox(
  ctx: CanvasRenderingContext2D,
  { x, y, width, height }: NodeBox['box'],
  text: number,
  colours: Palette,
  isChosen: boolean,
): void {
  ctx.beginPath();
  ctx.roundRect(x + 0.5, y + 0.5, width - 1, height - 1, text * 0.45);
  ctx.fillStyle = colours.surface;
  ctx.fill();
  ctx.strokeStyle = isChosen ? colours.accent : colours.line;
  ctx.lineWidth = isChosen ? 2.5 : 1;
  ctx.stroke();
}

function paintHeader(
  ctx: CanvasRenderingContext2D,
  nodeBox: NodeBox,
  view: View,
  colours: Palette,
  writer: Writer,
): void {
  const { node, box } = nodeBox;
  const { text } = view.layout;
  const { smallText } = view;
  const [left, right] = [box.x + text * 0.6, box.x + box.width - text * 0.6];
  const isNarrow = box.width < NARROW * text;
  const line = box.y + text * (isNarrow ? 0.95 : 1.05);
  const stale = isStale(nodeBox, view);
  const seen = age(view.nowMs - node.seenAtMs);
  const oldness = isNarrow ? '' : stale ? `silent ${seen}` : seen;
  const used = writer.write(oldness, right, line, {
    size: smallText,
    colour: stale ? colours.warn : colours.quiet,
    maxWidth: box.width * 0.45,
    isRight: true,
  });
  const room = right - left - used - text * 0.5;
  const named = writer.write(node.name, left, line, {
    size: text,
    colour: colours.text,
    maxWidth: room,
    isBold: true,
  });
  if (room - named > text * 3)
    writer.write(node.role, left + named + text * 0.5, line, {
      size: smallText,
      colour: colours.quiet,
      maxWidth: room - named - text * 0.5,
      isWhole: true,
    });
  const half = (right - left - text * 0.8) / 2;
  const bars = box.y + text * (isNarrow ? 1.9 : 2.25);
  paintBar(ctx, 'CPU', node.cpu, left, bars, half, view, colours, writer);
  paintBar(ctx, 'Mem', node.memory, left + half + text * 0.8, bars, half, view, colours, writer);
}

function paintBar(
  ctx: CanvasRenderingContext2D,
  name: string,
  share: number | undefined,
  x: number,
  y: number,
  width: number,
  { layout: { text }, smallText }: View,
  colours: Palette,
  writer: Writer,
): void {
  const isWide = width >= smallText * (WIDE_BARS / 2);
  const value = share === undefined ? '–' : percent(Math.round(share * 100) / 100);
  const words = isWide ? `${name} ${value}` : '';
  const used = isWide ? smallText * 5.7 : 0;
  writer.write(words, x, y, { size: smallText, colour: colours.quiet, maxWidth: used });
  const thick = Math.max(3, text * 0.34);
  const track = width - used;
  ctx.beginPath();
  ctx.roundRect(x + used, y - thick / 2, track, thick, thick / 2);
  ctx.fillStyle = colours.raised;
  ctx.fill();
  if (share === undefined) return;
  ctx.beginPath();
  ctx.roundRect(x + used, y - thick / 2, Math.max(thick, track * Math.min(1, share)), thick, thick / 2);
  ctx.fillStyle = share >= HIGH ? colours.warn : colours.accent;
  ctx.fill();
}

function isStale({ node }: NodeBox, { nowMs }: View): boolean {
  return nowMs - node.seenAtMs > STALE_MS;
}

function isChosen({ selection }: View, { node }: NodeBox): boolean {
  return selection?.kind === 'node' && selection.node === node.name;
}

/** The newest version of each service that has more than one: only during a rollout is there anything to tell. */
function newestVersions({ state }: View): ReadonlyMap<string, string> {
  return new Map(
    state.swarm.services
      .filter(({ versions }) => versions.length > 1)
      .map(({ name, versions }) => [name, versions.at(-1)!]),
  );
}

function hatchOf(ctx: CanvasRenderingContext2D, { unknown, surface }: Palette): CanvasPattern | string {
  const tile = new OffscreenCanvas(12, 12);
  const pen = tile.getContext('2d')!;
  pen.globalAlpha = 0.45;
  pen.fillStyle = surface;
  pen.fillRect(0, 0, 12, 12);
  pen.globalAlpha = 0.9;
  pen.strokeStyle = unknown;
  pen.lineWidth = 2;
  for (const offset of [-12, 0, 12]) {
    pen.moveTo(offset - 1, 13);
    pen.lineTo(offset + 13, -1);
  }
  pen.stroke();
  return ctx.createPattern(tile, 'repeat') ?? unknown;
}
