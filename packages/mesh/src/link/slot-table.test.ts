import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../balance/testing/seeded-random.ts';
import { SlotTable } from './slot-table.ts';

test('each entry is found by its number until it is removed, whatever comes and goes meanwhile', () => {
  const random = seededRandom(7);
  const table = new SlotTable<string>();
  const there = new Map<number, string>();
  const gone: number[] = [];
  for (let step = 0; step < 20_000; step++) {
    if (random() < 0.52) {
      const id = table.add(`entry ${step}`);
      assert.ok(!there.has(id));
      there.set(id, `entry ${step}`);
    } else {
      const [id] = there.keys();
      if (id === undefined) continue;
      table.remove(id);
      there.delete(id);
      gone.push(id);
    }
  }
  assert.equal(table.size, there.size);
  for (const [id, entry] of there) assert.equal(table.get(id), entry);
  for (const id of gone) assert.ok(there.has(id) || table.get(id) === undefined);
  assert.deepEqual(new Set(table), new Set(there.values()));
});

test('a place that is used again has another number, so that late answers find nothing', () => {
  const table = new SlotTable<string>();
  const first = table.add('first');
  table.remove(first);
  const second = table.add('second');
  assert.notEqual(first, second);
  assert.equal(first & 0xffff, second & 0xffff);
  assert.deepEqual([table.get(first), table.get(second)], [undefined, 'second']);
});

test('numbers fit into 32 bits for as long as places are used', () => {
  const table = new SlotTable<number>();
  const seen = new Set<number>();
  for (let i = 0; i < 65_536; i++) {
    const id = table.add(i);
    assert.ok(id >= 0 && id <= 0xffff_ffff);
    seen.add(id);
    table.remove(id);
  }
  assert.equal(seen.size, 65_536);
});
