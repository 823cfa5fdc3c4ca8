/** The places of everything in the picture of the swarm: a pure function of what there is and of the space, so operators can learn
 * where things are. Traffic and health move nothing (so what is only called, and does not run here, has no place:
 * it is in the table), a replaced instance stands where the one before it stood, and a new service
 * or node moves only those behind it in the order of names. Beside the services stand the nodes; where the space is higher
 * than wide, below them. */
import type { SwarmState } from '../../src/swarm/swarm-state.ts';
import { type NodeGrid, placeNodes } from './node-grid.ts';
import { byName } from './order.ts';
import { type Box, placeServices, type ServiceMap } from './service-map.ts';

/** In CSS pixels. */
export interface Space {
  readonly width: number;
  /** The picture takes what it needs of it. */
  readonly maxHeight: number;
  /** Of names: all other sizes follow it. */
  readonly text: number;
  /** Whether only the nodes are shown. */
  readonly isNodesOnly?: boolean;
}

export interface SwarmLayout {
  readonly width: number;
  readonly height: number;
  readonly text: number;
  /** Where services and the calls between them are. */
  readonly map: ServiceMap & { readonly box: Box };
  readonly grid: NodeGrid;
}

const MARGIN = 0.4;
const GUTTER = 2.2;
/** What of the width the nodes get, by how many there are. */
const SHARES: readonly (readonly [upTo: number, share: number])[] = [
  [1, 0.24],
  [4, 0.38],
  [Number.POSITIVE_INFINITY, 0.5],
];
/** Of the height, for the services when the nodes are below them. */
const MAP_SHARE = 0.5;

/** @param before as it was: what has the same shape is not reckoned anew */
export function layout(
  swarm: SwarmState,
  { width, maxHeight, text, isNodesOnly = false }: Space,
  before?: SwarmLayout,
): SwarmLayout {
  const margin = MARGIN * text;
  const inner = { x: margin, y: margin, width: width - 2 * margin, maxHeight: maxHeight - 2 * margin };
  const finish = (map: ServiceMap, mapWidth: number, grid: NodeGrid, height: number): SwarmLayout => ({
    width,
    height: Math.ceil(height + margin),
    text,
    map: { ...map, box: { x: 0, y: 0, width: mapWidth, height: map.height + 2 * margin } },
    grid,
  });
  if (isNodesOnly) {
    const grid = placeNodes(swarm.nodes, inner, text, true, before?.grid);
    return finish({ detail: 'sign', chips: [], height: 0 }, 0, grid, margin + grid.height);
  }
  const bands = bandsOf(swarm);
  if (width <= maxHeight) {
    const map = placeServices(bands, { ...inner, maxHeight: inner.maxHeight * MAP_SHARE }, text);
    const top = margin + map.height + GUTTER * text;
    const area = { ...inner, y: top, maxHeight: maxHeight - margin - top };
    const grid = placeNodes(swarm.nodes, area, text, false, before?.grid);
    return finish(map, width, grid, top + grid.height);
  }
  const share = SHARES.find(([upTo]) => swarm.nodes.length <= upTo)![1];
  const nodesWidth = Math.round(inner.width * share);
  const mapWidth = inner.width - nodesWidth - GUTTER * text;
  const map = placeServices(bands, { ...inner, width: mapWidth }, text);
  const x = Math.round(margin + mapWidth + GUTTER * text);
  const grid = placeNodes(swarm.nodes, { ...inner, x, width: nodesWidth }, text, false, before?.grid);
  return finish(map, x - GUTTER * text * 0.5, grid, margin + Math.max(map.height, grid.height));
}

/** What takes requests from outside, services, and what they lean on. */
function bandsOf({ services }: SwarmState): string[][] {
  const sorted = [...services].sort(byName);
  const of = (...kinds: string[]): string[] =>
    sorted.filter(({ kind }) => kinds.includes(kind)).map(({ name }) => name);
  return [of('edge'), of('service'), of('program', 'container')];
}
