/** What is meant by a point of the picture: the smallest thing there. */
import { type Edge, isNear } from './edges.ts';
import type { SwarmLayout } from './layout.ts';
import type { Selection } from './selection.ts';
import type { Box } from './service-map.ts';

export function meantBy(
  { map, grid }: SwarmLayout,
  edges: readonly Edge[],
  x: number,
  y: number,
): Selection | undefined {
  const chip = map.chips.find(({ box }) => isWithin(box, x, y));
  if (chip) return { kind: 'service', service: chip.name };
  const home = grid.nodes.find(({ box }) => isWithin(box, x, y));
  if (home) {
    const { square } = grid;
    const slot = home.slots.find((one) => isWithin({ ...one, width: square + 1, height: square + 1 }, x, y));
    if (!slot) return { kind: 'node', node: home.node.name };
    const { service, slot: number } = slot.instance;
    return { kind: 'instance', node: home.node.name, service, slot: number };
  }
  const edge = edges.find(({ curve }) => isNear(curve, x, y));
  return edge && { kind: 'flow', from: edge.from, to: edge.to };
}

function isWithin({ x, y, width, height }: Box, atX: number, atY: number): boolean {
  return atX >= x && atX < x + width && atY >= y && atY < y + height;
}
