import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WallState } from '../../src/live/wall-state.ts';
import { calm, large } from '../../test/wall-states.fixture.ts';
import { layout, type Space, type SwarmLayout } from './layout.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const DESK: Space = { width: 1_400, maxHeight: 700, text: 13.5 };
const TELEVISION: Space = { width: 1_840, maxHeight: 815, text: 43.2 };
const PHONE: Space = { width: 358, maxHeight: 4_000, text: 13.5 };
const SPACES = [DESK, TELEVISION, PHONE];

test('the same swarm in the same space stands in the same places, whatever order it is told in and however it does', () => {
  for (const state of [calm(NOW), large(NOW)]) {
    const told: WallState = {
      ...state,
      swarm: {
        ...state.swarm,
        services: [...state.swarm.services].reverse(),
        nodes: [...state.swarm.nodes].reverse().map((node) => ({
          ...node,
          cpu: 1,
          instances: [...node.instances].reverse().map((one) => ({ ...one, health: 'unhealthy' as const })),
        })),
      },
    };
    for (const space of SPACES)
      assert.deepEqual(places(layout(told.swarm, space)), places(layout(state.swarm, space)));
  }
});

test('who replaces an instance stands where it stood, also while both run', () => {
  const before = calm(NOW);
  const replaced = withInstances(before, (one) =>
    one.service === 'tax' && one.slot === 1
      ? [
          { ...one, isWanted: false },
          { ...one, id: 'new', version: 'b', startedAtMs: NOW },
        ]
      : [one],
  );
  const [old, now] = [layout(before.swarm, DESK), layout(replaced.swarm, DESK)];
  assert.deepEqual(places(now), places(old));
  const slot = now.grid.nodes[0]!.slots.find(
    ({ instance }) => instance.service === 'tax' && instance.slot === 1,
  );
  assert.equal(slot!.instance.id, 'new');
});

test('a new service moves nothing but services behind it, by one place', () => {
  const before = calm(NOW);
  const after: WallState = {
    ...before,
    swarm: {
      ...before.swarm,
      services: [
        ...before.swarm.services.filter(({ name }) => name !== 'shop'),
        { name: 'ratings', kind: 'service', wanted: 1, ready: 1, versions: ['a'], restarts: 0 },
      ],
    },
  };
  const [old, now] = [chips(layout(before.swarm, DESK)), chips(layout(after.swarm, DESK))];
  for (const name of ['edge', 'catalogue', 'notifications', 'payments', 'postgres'])
    assert.deepEqual(now.get(name), old.get(name), name);
  assert.deepEqual(now.get('ratings'), old.get('receipts'));
  assert.deepEqual(now.get('receipts'), old.get('shop'));
});

test('a new node moves no other, and a name with a higher number stands behind', () => {
  const all = large(NOW);
  const eleven = { ...all, swarm: { ...all.swarm, nodes: all.swarm.nodes.slice(0, 11) } };
  const [old, now] = [layout(eleven.swarm, DESK), layout(all.swarm, DESK)];
  assert.deepEqual(
    now.grid.nodes.map(({ node }) => node.name),
    Array.from({ length: 12 }, (_, index) => `node-${index + 1}`),
  );
  for (const [index, { box }] of old.grid.nodes.entries()) assert.deepEqual(now.grid.nodes[index]!.box, box);
});

test('a service stands at the same place in every node', () => {
  const { grid } = layout(large(NOW).swarm, DESK);
  const offsets = grid.nodes.map(({ box, slots }) =>
    slots.map(({ x, y, instance }) => `${instance.service} ${x - box.x} ${y - box.y}`),
  );
  for (const one of offsets) assert.deepEqual(one, offsets[0]);
});

test('all slots of 12 nodes with 400 each are there, in their boxes, and none covers another', () => {
  for (const space of SPACES) {
    const { grid, width, height } = layout(large(NOW).swarm, space);
    assert.equal(grid.nodes.length, 12);
    for (const { box, slots } of grid.nodes) {
      assert.equal(slots.length, 400);
      assert.equal(new Set(slots.map(({ x, y }) => `${x} ${y}`)).size, 400);
      for (const { x, y } of slots) {
        assert.ok(x >= box.x && x + grid.square <= box.x + box.width, 'within the box from left to right');
        assert.ok(y >= box.y && y + grid.square <= box.y + box.height, 'within the box from top to bottom');
      }
      assert.ok(box.x >= 0 && box.x + box.width <= width && box.y + box.height <= height);
    }
    assert.ok(height <= space.maxHeight + 1, `${height} of ${space.maxHeight}`);
  }
});

test('every service is shown and none covers another, from none to hundreds', () => {
  for (const count of [0, 1, 2, 7, 8, 23, 61, 300]) {
    const state = servicesOnly(count);
    for (const space of SPACES) {
      const { map } = layout(state, space);
      assert.equal(map.chips.length, count);
      for (const [index, { box: a }] of map.chips.entries())
        for (const { box: b } of map.chips.slice(index + 1))
          assert.ok(
            a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y,
            `${count} services at ${space.width}: ${JSON.stringify([a, b])}`,
          );
    }
  }
});

test('a window of a few pixels is drawn in, too', () => {
  for (const size of [1, 10, 60])
    assert.equal(layout(large(NOW).swarm, { width: size, maxHeight: size, text: 43 }).map.chips.length, 40);
});

test('an empty swarm takes no space and breaks nothing', () => {
  const { map, grid } = layout({ atMs: 0, nodes: [], services: [] }, DESK);
  assert.deepEqual([map.chips, grid.nodes], [[], []]);
});

function places({ map, grid, height }: SwarmLayout) {
  return {
    height,
    chips: map.chips,
    square: grid.square,
    nodes: grid.nodes.map(({ node, box, slots }) => [
      node.name,
      box,
      slots.map(({ x, y, instance }) => [instance.service, instance.slot, x, y]),
    ]),
  };
}

function chips({ map }: SwarmLayout) {
  return new Map(map.chips.map(({ name, box }) => [name, box]));
}

type Instance = WallState['swarm']['nodes'][number]['instances'][number];

function withInstances(state: WallState, change: (one: Instance) => Instance[]): WallState {
  const nodes = state.swarm.nodes.map((node) => ({ ...node, instances: node.instances.flatMap(change) }));
  return { ...state, swarm: { ...state.swarm, nodes } };
}

function servicesOnly(count: number): WallState['swarm'] {
  const services = Array.from({ length: count }, (_, index) => ({
    name: `service-${index}`,
    kind: (['service', 'service', 'service', 'edge', 'container'] as const)[index % 5]!,
    wanted: 1,
    ready: 1,
    versions: ['a'],
    restarts: 0,
  }));
  return { atMs: NOW, nodes: [], services };
}

test('what has the same shape keeps its places without being reckoned anew, and a layout after another is the same as one alone', () => {
  const before = large(NOW);
  const first = layout(before.swarm, DESK);
  const [node, ...others] = before.swarm.nodes;
  const [instance, ...more] = node!.instances;
  const ill = { ...node!, cpu: 1, instances: [{ ...instance!, health: 'unhealthy' as const }, ...more] };
  const changed = { ...before.swarm, nodes: [ill, ...others] };
  const second = layout(changed, DESK, first);
  assert.deepEqual(drawn(second), drawn(layout(changed, DESK)));
  assert.equal(second.grid.plan, first.grid.plan);
  assert.equal(second.grid.nodes[1]!.slots, first.grid.nodes[1]!.slots);
  const fewer = { ...changed, nodes: [...others, { ...ill, instances: more }] };
  const third = layout(fewer, DESK, second);
  assert.deepEqual(drawn(third), drawn(layout(fewer, DESK)));
  const without = { ...fewer, nodes: others };
  assert.deepEqual(drawn(layout(without, DESK, third)), drawn(layout(without, DESK)));
  const wider = { ...DESK, width: DESK.width + 200 };
  assert.deepEqual(drawn(layout(without, wider, third)), drawn(layout(without, wider)));
});

/** All of it but the plan, which is made of functions. */
function drawn({ grid, ...rest }: SwarmLayout): unknown {
  const { plan: _, ...shown } = grid;
  return { ...rest, grid: shown };
}
