import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventQueue } from './event-queue.ts';

const nothing = (): void => {};

test('events come out by time, those of one time in the order they were put in', () => {
  const queue = eventQueue();
  const times = Array.from({ length: 1_000 }, (_, i) => (i * 7_919) % 97);
  const added = times.map((at) => queue.add(at, nothing));
  const inOrder = added.toSorted((one, other) => one.at - other.at);
  for (const event of inOrder) assert.equal(queue.take(97), event);
  assert.equal(queue.size, 0);
});

test('nothing comes out before its time, and nothing that was cancelled', () => {
  const queue = eventQueue();
  const later = queue.add(10, nothing);
  queue.add(5, nothing).cancelled = true;
  assert.equal(queue.take(9), undefined);
  assert.equal(queue.take(10), later);
  assert.equal(queue.take(Number.POSITIVE_INFINITY), undefined);
});
