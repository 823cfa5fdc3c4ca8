import assert from 'node:assert/strict';
import { test } from 'node:test';
import { World } from '../../sim/membership/world.ts';
import { MAX_EXCHANGE_BYTES } from '../discovery/peer-exchange.ts';

test('a newcomer that asks one member knows all, and all know it', () => {
  const world = new World({ seed: 1 });
  world.populate(40);
  const newcomer = world.newcomer();
  let answered: string | undefined;
  newcomer.membership.contact(world.nodes[7]!.announcement.address!, (who) => {
    answered = who;
  });
  world.run(1_000);
  assert.equal(answered, world.nodes[7]!.announcement.instance);
  assert.ok(world.nodes.every(({ membership }) => membership.size === 41));
});

test('two halves that never met are one after a single contact, with all they know', () => {
  const world = new World({ seed: 2 });
  world.populate(15);
  world.populate(15);
  world.nodes[0]!.membership.contact(world.nodes[20]!.announcement.address!, () => {});
  world.run(10_000);
  assert.ok(world.nodes.every(({ membership }) => membership.size === 30));
});

test('a member that lost all datagrams for a while gets to know over TCP what it missed, goodbyes included', () => {
  const world = new World({ seed: 3 });
  world.populate(20);
  world.loss = 1;
  world.leave(world.nodes[3]!);
  world.run(100);
  world.loss = 0;
  world.run(45_000);
  const { instance } = world.nodes[3]!.announcement;
  assert.ok(world.nodes.every((node) => node.state !== 'up' || !node.membership.has(instance)));
});

test('a quiet exchange is small however many members there are, and the largest keeps to its bound', () => {
  const world = new World({ seed: 4 });
  const contracts = Array.from({ length: 40 }, (_, i) => `contract-number-${i}.v1`);
  world.populate(700, { contracts });
  const [one, two] = world.nodes as [(typeof world.nodes)[0], (typeof world.nodes)[0]];
  const before = one.sentBytes + one.receivedBytes;
  one.membership.contact(two.announcement.address!, () => {});
  world.run(20);
  assert.ok(one.sentBytes + one.receivedBytes - before < 8_000);

  const newcomer = world.newcomer();
  let largest = 0;
  const answer = two.membership.answer;
  two.membership.answer = (body) => {
    const answered = answer(body);
    largest = Math.max(largest, answered?.length ?? 0);
    return answered;
  };
  newcomer.membership.contact(two.announcement.address!, () => {});
  world.run(15_000, () => newcomer.membership.size === 701);
  assert.equal(newcomer.membership.size, 701);
  assert.ok(largest > MAX_EXCHANGE_BYTES / 2 && largest <= MAX_EXCHANGE_BYTES, `${largest}`);
});

test('a newcomer that cannot be told of everybody at once goes on asking', () => {
  const world = new World({ seed: 6 });
  world.populate(400, { contracts: Array.from({ length: 200 }, (_, i) => `contract-number-${i}.v1`) });
  const newcomer = world.newcomer();
  let exchanges = 0;
  for (const { membership } of world.nodes) {
    const { answer } = membership;
    membership.answer = (body) => {
      exchanges++;
      return answer(body);
    };
  }
  newcomer.membership.contact(world.nodes[0]!.announcement.address!, () => {});
  world.run(15_000, () => newcomer.membership.size === 401);
  assert.equal(newcomer.membership.size, 401);
  assert.ok(exchanges >= 3, `${exchanges}`);
});

test('an announcement too large for a datagram reaches all over TCP', () => {
  const world = new World({ seed: 5 });
  const contracts = Array.from({ length: 200 }, (_, i) => `contract-number-${i}.v1`);
  world.populate(12);
  const large = world.newcomer({ contracts });
  large.membership.contact(world.nodes[1]!.announcement.address!, () => {});
  world.run(5_000);
  assert.ok(world.nodes.every(({ membership }) => membership.size === 13));
});
