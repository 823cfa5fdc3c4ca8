import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ListedPeer } from '../services/peer-list.ts';
import { coloursFor } from './colours.ts';
import { peerBoard, peerTable } from './peer-table.ts';

const PLAIN = coloursFor({ write: () => {} }, { NO_COLOR: '1' });
/** Colours that can be read. */
const MARKED = { ...PLAIN, inverse: (text: string) => `<${text}>`, red: (text: string) => `!${text}!` };

function peer(instance: string, changes: Partial<ListedPeer> = {}): ListedPeer {
  return {
    service: instance.split('-')[0]!,
    instance,
    version: 'v1',
    state: 'ready',
    zone: null,
    load: null,
    weight: 1,
    address: '127.0.0.1:4100',
    link: 'unix',
    startedAt: 0,
    suspected: null,
    ...changes,
  };
}

const cells = (line: string): string[] => line.trim().split(/\s{2,}/);

test('columns about which there is nothing to say are left out', () => {
  const [head, row] = peerTable([peer('tax-1')], 65_000, PLAIN);
  assert.deepEqual(cells(head!), ['SERVICE', 'INSTANCE', 'VERSION', 'STATE', 'ADDRESS', 'LINK', 'AGE']);
  assert.deepEqual(cells(row!), ['tax', 'tax-1', 'v1', 'ready', '127.0.0.1:4100', 'unix', '1m']);
  const full = peer('tax-2', { zone: 'a', load: 0.75, weight: 3, link: null, suspected: 'no answer' });
  const [wide, , second] = peerTable([peer('tax-1'), full], 3 * 86_400_000, PLAIN);
  assert.deepEqual(cells(wide!).slice(4), ['ZONE', 'LOAD', 'WEIGHT', 'ADDRESS', 'LINK', 'AGE', 'SUSPECTED']);
  assert.deepEqual(cells(second!).slice(4), ['a', '75 %', '3', '127.0.0.1:4100', 'no', '3d', 'no answer']);
});

test('what is new, different or gone stands out for three seconds', () => {
  const board = peerBoard(MARKED);
  const draw = (peers: ListedPeer[], now: number): string[] =>
    board
      .draw(peers, now)
      .slice(1)
      .map((line) => line.replaceAll(/\s+/g, ' '));
  const one = peer('tax-1');
  assert.deepEqual(draw([one], 0), ['tax tax-1 v1 ready 127.0.0.1:4100 unix 0s'], 'at first nothing is new');
  const draining = peer('tax-1', { state: 'draining' });
  assert.deepEqual(draw([draining], 1_000), ['tax tax-1 v1 <draining> 127.0.0.1:4100 unix 1s']);
  const [, other] = draw([draining, peer('tax-2')], 2_000);
  assert.equal(other, '<tax> <tax-2> <v1> <ready> <127.0.0.1:4100> <unix> 2s');
  assert.deepEqual(draw([peer('tax-2')], 3_000), [
    '!tax! !tax-1! !v1! !left! !127.0.0.1:4100! !unix! !3s!',
    '<tax> <tax-2> <v1> <ready> <127.0.0.1:4100> <unix> 3s',
  ]);
  assert.deepEqual(draw([peer('tax-2')], 6_000), ['tax tax-2 v1 ready 127.0.0.1:4100 unix 6s']);
});
