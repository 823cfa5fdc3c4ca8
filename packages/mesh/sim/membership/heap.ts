/** What membership of a cluster costs a member in memory. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { World } from './world.ts';

const WARM_UP_NODES = 50;
const SETTLE_MS = 3_000;

/** Bytes of JavaScript heap per member of a quiet cluster of this size, the announcements of others, which simulated
 * members share, included. */
export function heapPerNode(nodes: number): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const settle = (count: number): World => {
    const world = new World({ seed: 1 });
    world.populate(count);
    world.run(SETTLE_MS);
    collect();
    return world;
  };
  settle(WARM_UP_NODES);
  collect();
  const before = process.memoryUsage().heapUsed;
  const world = settle(nodes);
  const used = process.memoryUsage().heapUsed - before;
  return Math.round(used / world.nodes.length + nodes * announcementBytes(world));
}

/** About what an announcement takes that came over the wire: its object, strings and list. */
function announcementBytes({ nodes }: World): number {
  const copies = Array.from({ length: 10_000 }, (_, i) =>
    JSON.parse(JSON.stringify({ ...nodes[0]!.announcement, startedAt: i })),
  );
  const collect = runInNewContext('gc') as () => void;
  const withCopies = process.memoryUsage().heapUsed;
  const { length } = copies;
  copies.length = 0;
  collect();
  return Math.max(0, (withCopies - process.memoryUsage().heapUsed) / length);
}
