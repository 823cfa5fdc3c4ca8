/** Where nodes and their slots stand. Nodes are boxes of one size in the order of their names. All share one plan: a service has the
 * same place in every box, sized for the node that holds most of it, so a gap in the pattern is something that is missing. Within it
 * slots stand in their order: who replaces an instance stands where it stood. */
import type { SwarmInstance, SwarmNode } from '../../src/swarm/swarm-state.ts';
import { byName, compareNames } from './order.ts';
import type { Area, Box } from './service-map.ts';
import { type Group, MIN_SQUARE, planSlots, type SlotPlan } from './slot-plan.ts';

export interface Slot {
  readonly x: number;
  readonly y: number;
  /** Who holds it: of several, the newest that is wanted. */
  readonly instance: SwarmInstance;
}

export interface NodeBox {
  readonly node: SwarmNode;
  readonly box: Box;
  readonly slots: readonly Slot[];
}

export interface NodeGrid {
  readonly nodes: readonly NodeBox[];
  /** What places depend on. */
  readonly shape: string;
  readonly plan: Tried | undefined;
  readonly square: number;
  /** 0 where the boxes are too small for a name. */
  readonly header: number;
  /** Names above slots, by where they begin within a box. */
  readonly labels: SlotPlan['labels'];
  readonly height: number;
}

/** In heights of text. */
const HEADER = 3.3;
const NARROW_HEADER = 2.5;
/** Narrower boxes tell less in their header. */
export const NARROW = 9;
const MIN_HEADED_WIDTH = 5.6;
const PADDING = 0.6;
const GAP = 0.7;
/** Forms of squares are told apart from here on: of text, and in pixels. */
const LEGIBLE = 0.13;
const LEGIBLE_PIXELS = 6;

/** @param isBare leaves all names away
 * @param before as it was: while the shape is the same the plan is not made anew, nor the slots of nodes that hold what they held */
export function placeNodes(
  nodes: readonly SwarmNode[],
  area: Area,
  text: number,
  isBare = false,
  before?: NodeGrid,
): NodeGrid {
  const sorted = [...nodes].sort(byName);
  const groups = groupsOf(sorted.map(({ instances }) => slotsOf(instances)));
  const shape = JSON.stringify([groups, sorted.length, area, text, isBare]);
  const isSame = before?.shape === shape;
  const best = isSame ? before.plan : bestPlan(groups, sorted.length, area, text, isBare);
  if (!best || sorted.length === 0)
    return { nodes: [], shape, plan: undefined, square: 0, header: 0, labels: [], height: 0 };
  const { plan, columns, width, header, height, total } = best;
  const top = header || PADDING * text;
  const boxes = sorted.map((node, index) => {
    const old = isSame ? before.nodes[index] : undefined;
    if (old?.node.instances === node.instances) return { ...old, node };
    const x = Math.round(area.x + (index % columns) * (width + GAP * text));
    const y = Math.round(area.y + Math.floor(index / columns) * (height + GAP * text));
    const slots = slotsAt(slotsOf(node.instances), plan, x + PADDING * text, y + top);
    return { node, box: { x, y, width, height }, slots };
  });
  return {
    nodes: boxes,
    shape,
    plan: best,
    square: plan.square,
    header,
    labels: plan.labels.map((label) => ({ ...label, x: label.x + PADDING * text, y: label.y + top })),
    height: total,
  };
}

/** With as many columns as serve it best. */
function bestPlan(
  groups: readonly Group[],
  count: number,
  area: Area,
  text: number,
  isBare: boolean,
): Tried | undefined {
  let best: Tried | undefined;
  for (let columns = 1; columns <= Math.max(1, count); columns++) {
    const rows = Math.ceil(count / columns);
    const width = Math.floor((area.width - (columns - 1) * GAP * text) / columns);
    const isHeaded = !isBare && width >= MIN_HEADED_WIDTH * text;
    const header = (isHeaded ? (width < NARROW * text ? NARROW_HEADER : HEADER) : PADDING) * text;
    const inner = width - 2 * PADDING * text;
    const most = (area.maxHeight - (rows - 1) * GAP * text) / rows - header - PADDING * text;
    if (inner < MIN_SQUARE) break;
    const plan = planSlots(groups, { width: inner, height: most, text, isNamed: !isBare });
    const height = header + plan.height + PADDING * text;
    const total = rows * height + (rows - 1) * GAP * text;
    const tried = {
      isFit: total <= area.maxHeight,
      isLegible: plan.square >= Math.max(LEGIBLE_PIXELS, LEGIBLE * text),
      header: isHeaded ? header : 0,
      plan,
      columns,
      width,
      height,
      total,
    };
    if (!best || isBetter(tried, best)) best = tried;
  }
  return best;
}

/** How nodes stand with some number of columns. */
interface Tried {
  readonly isFit: boolean;
  readonly isLegible: boolean;
  readonly header: number;
  readonly plan: SlotPlan;
  readonly columns: number;
  /** Of a box. */
  readonly width: number;
  readonly height: number;
  /** Of all. */
  readonly total: number;
}

/** What fits before what does not, legible squares before small ones, nodes with names before such without, services with names
 * likewise, larger squares before smaller ones, then the flatter. */
function isBetter(a: Tried, b: Tried): boolean {
  if (a.isFit !== b.isFit) return a.isFit;
  if (a.isLegible !== b.isLegible) return a.isLegible;
  if (a.header > 0 !== b.header > 0) return a.header > 0;
  const [namesA, namesB] = [a.plan.labels.length > 0, b.plan.labels.length > 0];
  if (namesA !== namesB) return namesA;
  if (a.plan.square !== b.plan.square) return a.plan.square > b.plan.square;
  return a.total < b.total;
}

type Held = ReadonlyMap<string, readonly SwarmInstance[]>;

/** Instances that are the same objects are in the same slots. */
const heldBefore = new WeakMap<readonly SwarmInstance[], Held>();

/** By service, in the order of slots. */
function slotsOf(instances: readonly SwarmInstance[]): Held {
  const known = heldBefore.get(instances);
  if (known) return known;
  const services = new Map<string, Map<number, SwarmInstance>>();
  for (const instance of instances) {
    const slots = services.get(instance.service) ?? new Map<number, SwarmInstance>();
    services.set(instance.service, slots);
    const other = slots.get(instance.slot);
    if (!other || isHolder(instance, other)) slots.set(instance.slot, instance);
  }
  const held = new Map(
    [...services].map(([name, slots]) => [name, [...slots.values()].sort((a, b) => a.slot - b.slot)]),
  );
  heldBefore.set(instances, held);
  return held;
}

function isHolder(one: SwarmInstance, other: SwarmInstance): boolean {
  return one.isWanted === other.isWanted ? one.startedAtMs > other.startedAtMs : one.isWanted;
}

function groupsOf(held: readonly Held[]): Group[] {
  const sizes = new Map<string, number>();
  for (const services of held)
    for (const [name, { length }] of services) sizes.set(name, Math.max(sizes.get(name) ?? 0, length));
  return [...sizes].map(([name, size]) => ({ name, size })).sort(byName);
}

function slotsAt(held: Held, plan: SlotPlan, left: number, top: number): Slot[] {
  return [...held]
    .sort(([a], [b]) => compareNames(a, b))
    .flatMap(([name, instances]) =>
      instances.map((instance, index) => {
        const [x, y] = plan.place.get(name)!(index);
        return { instance, x: Math.round(left + x), y: Math.round(top + y) };
      }),
    );
}
