import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Clock, eventQueue, type QueuedEvent } from '@goblin/core';
import { punctualTimers } from './punctual-timers.ts';

/** A clock whose process can stand still: timers run when it goes on, all at once. */
function stoppableClock() {
  const queue = eventQueue();
  let now = 0;
  const clock: Clock = {
    now: () => now,
    wall: () => now,
    after(delayMs, run) {
      const event = queue.add(now + delayMs, run);
      return {
        cancel: () => {
          event.cancelled = true;
        },
      };
    },
    every: () => assert.fail('not used'),
  };
  const runDue = (): void => {
    for (let event: QueuedEvent | undefined = queue.take(now); event; event = queue.take(now)) event.run();
  };
  return {
    clock,
    /** Time passes in steps of a ms, as for a process that is awake. */
    wait(ms: number) {
      for (let i = 0; i < ms; i++) {
        now++;
        runDue();
      }
    },
    standStill(ms: number) {
      now += ms;
      runDue();
    },
  };
}

test('timers run on time without a word, and one that is cancelled does not', () => {
  const { clock, wait } = stoppableClock();
  const ran: string[] = [];
  const later = punctualTimers(clock, () => ran.push('stalled'));
  later(10, () => ran.push('a'));
  later(20, () => ran.push('b'))();
  wait(30);
  assert.deepEqual(ran, ['a']);
});

test('a standstill is told once, before what was due in it runs', () => {
  const { clock, wait, standStill } = stoppableClock();
  const ran: string[] = [];
  const later = punctualTimers(clock, (byMs) => ran.push(`stalled by ${byMs}`));
  for (const delayMs of [100, 200, 300]) later(delayMs, () => ran.push(`${delayMs}`));
  standStill(5_100);
  assert.deepEqual(ran, ['stalled by 5000', '100', '200', '300']);
  later(100, () => ran.push('later'));
  wait(100);
  assert.equal(ran.at(-1), 'later');
  later(100, () => ran.push('again'));
  standStill(1_100);
  assert.deepEqual(ran.slice(-2), ['stalled by 1000', 'again']);
});

test('nothing runs after disposal', () => {
  const { clock, wait } = stoppableClock();
  const later = punctualTimers(clock, () => assert.fail('stalled'));
  later(10, () => assert.fail('ran'));
  later[Symbol.dispose]();
  wait(20);
});
