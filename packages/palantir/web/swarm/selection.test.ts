import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calm } from '../../test/wall-states.fixture.ts';
import { edgesOf, pointAt } from './edges.ts';
import { meantBy } from './hit.ts';
import { layout } from './layout.ts';
import { formatSelection, parseSelection, placesOf, type Selection } from './selection.ts';

const SELECTIONS: readonly Selection[] = [
  { kind: 'service', service: 'tax' },
  { kind: 'service', service: 'a:b/ü %' },
  { kind: 'node', node: 'node-1' },
  { kind: 'instance', node: 'n:1', service: 'tax', slot: 12 },
  { kind: 'flow', from: 'shop', to: 'https://api.example.com:443/' },
];

test('what was chosen is read from the address as it was written', () => {
  for (const selection of SELECTIONS) assert.deepEqual(parseSelection(formatSelection(selection)), selection);
});

test('an address that says nothing we know chooses nothing', () => {
  for (const text of [
    null,
    '',
    'service',
    'service:',
    'flow:a',
    'instance:a:b',
    'instance:a:b:x',
    '%',
    'service:%E0%A4',
  ])
    assert.equal(parseSelection(text), undefined, String(text));
});

test('from a service one comes to its page, logs, traces and metrics, whatever its name', () => {
  const hrefs = placesOf('tax "x"').map(({ href }) => decodeURIComponent(href));
  assert.equal(hrefs[0], '/explore/services/tax "x"');
  assert.equal(hrefs[1], '/explore/logs?query={service="tax \\"x\\""}');
  assert.equal(hrefs[2], '/explore/traces?query={ service = "tax \\"x\\"" }');
  assert.match(hrefs[3]!, /^\/explore\/metrics\?query=.*service="tax \\"x\\""/);
});

test('a point means the smallest thing there: slot before node, service before line', () => {
  const state = calm(0);
  const places = layout(state.swarm, { width: 1_400, maxHeight: 700, text: 13.5 });
  const edges = edgesOf(state.flows, places.map.chips);
  const [home] = places.grid.nodes;
  for (const { x, y, instance } of home!.slots)
    assert.deepEqual(meantBy(places, edges, x + 1, y + 1), {
      kind: 'instance',
      node: 'shop-1',
      service: instance.service,
      slot: instance.slot,
    });
  assert.deepEqual(meantBy(places, edges, home!.box.x + 2, home!.box.y + 2), {
    kind: 'node',
    node: 'shop-1',
  });
  for (const { name, box } of places.map.chips)
    assert.deepEqual(meantBy(places, edges, box.x + 5, box.y + 5), { kind: 'service', service: name });
  const edge = edges.find(({ from, to }) => from === 'payments' && to === 'receipts')!;
  const [x, y] = pointAt(edge.curve, 0.5);
  assert.deepEqual(meantBy(places, edges, x, y), { kind: 'flow', from: 'payments', to: 'receipts' });
  assert.equal(meantBy(places, edges, -50, -50), undefined);
});
