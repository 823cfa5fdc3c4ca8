import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../balance/testing/seeded-random.ts';
import { Member, MemberTable } from './member-table.ts';
import { member as announcement } from './testing/messages.ts';

function tableOf(count: number): { table: MemberTable; members: Member[] } {
  const table = new MemberTable(seededRandom(5));
  const members = Array.from(
    { length: count },
    (_, i) => new Member(`tax-${i}`, { ...announcement, instance: `tax-${i}` }, 1, 0),
  );
  for (const member of members) table.enter(member);
  return { table, members };
}

const round = (table: MemberTable, count: number): string[] =>
  Array.from({ length: count }, () => table.next()!.instance);

test('in each round everybody is probed once, in another order each time', () => {
  const { table, members } = tableOf(50);
  const all = members.map(({ instance }) => instance).sort();
  const [first, second] = [round(table, 50), round(table, 50)];
  assert.deepEqual([...first].sort(), all);
  assert.deepEqual([...second].sort(), all);
  assert.notDeepEqual(first, second);
});

test('coming and going in the middle of a round neither skips nor repeats anybody of those who stay', () => {
  for (let probed = 0; probed <= 20; probed++) {
    const { table, members } = tableOf(20);
    const before = round(table, probed);
    for (const gone of [3, 11, 17]) table.retire(members[gone]!);
    const newcomer = new Member('new-1', announcement, 1, 0);
    table.enter(newcomer);
    const stay = members.filter(({ gone }) => !gone).map(({ instance }) => instance);
    const expected = stay.filter((instance) => !before.includes(instance)).sort();
    const rest = round(table, expected.length + 1).filter((instance) => expected.includes(instance));
    assert.deepEqual([...new Set(rest)].sort(), expected, `after ${probed}`);
  }
});

test('an empty table has nobody to probe, and is no trouble when somebody comes', () => {
  const { table } = tableOf(0);
  assert.equal(table.next(), undefined);
  table.enter(new Member('new-1', announcement, 1, 0));
  assert.equal(table.next()?.instance, 'new-1');
});

test('those picked by chance are different ones that are wanted, from small and large tables', () => {
  for (const count of [2, 5, 200]) {
    const { table, members } = tableOf(count);
    const wanted = (member: Member): boolean => member !== members[0];
    for (let i = 0; i < 100; i++) {
      const picked = table.pick(3, wanted);
      assert.equal(new Set(picked).size, Math.min(3, count - 1));
      assert.ok(picked.every(wanted));
    }
  }
});

test('who has gone is remembered for an hour, and of many the latest', () => {
  const { table, members } = tableOf(5_010);
  for (const member of members) {
    member.changedAt = 1_000;
    table.retire(member);
  }
  assert.equal(table.gone.size, 5_000);
  assert.equal(table.get('tax-0'), undefined);
  assert.ok(table.get('tax-5009')?.gone);
  table.purge(3_600_000);
  assert.equal(table.gone.size, 5_000);
  table.purge(3_601_000);
  assert.equal(table.gone.size, 0);
});
