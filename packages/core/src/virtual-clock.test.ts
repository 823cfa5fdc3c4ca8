import assert from 'node:assert/strict';
import { test } from 'node:test';
import { virtualClock } from './virtual-clock.ts';

test('time stands still until advanced, and wall time moves with it', async () => {
  const clock = virtualClock(1_000);
  assert.deepEqual([clock.now(), clock.wall()], [0, 1_000]);
  await clock.advance(250);
  assert.deepEqual([clock.now(), clock.wall()], [250, 1_250]);
});

test('timers run in the order they fall due, each at its own time, and equal ones in the order they were set', async () => {
  const clock = virtualClock();
  const ran: string[] = [];
  const note = (name: string) => () => ran.push(`${name}@${clock.now()}`);
  clock.after(30, note('c'));
  clock.after(10, note('a'));
  clock.after(10, note('b'));
  clock.every(15, note('tick'));
  clock.after(31, note('later'));
  await clock.advance(30);
  assert.deepEqual(ran, ['a@10', 'b@10', 'tick@15', 'c@30', 'tick@30']);
});

test('a timer that is cancelled does not run, and an interval can cancel itself', async () => {
  const clock = virtualClock();
  let ticks = 0;
  clock.after(5, () => assert.fail('cancelled')).cancel();
  const interval = clock.every(10, () => {
    if (++ticks === 3) interval.cancel();
  });
  await clock.advance(1_000);
  assert.equal(ticks, 3);
});

test('promises settle between steps, and work that began before advancing sets its timers at its own time', async () => {
  const clock = virtualClock();
  const times: number[] = [];
  const wait = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve));
  const work = (async () => {
    await Promise.resolve();
    for (let i = 0; i < 3; i++) {
      await wait(10);
      times.push(clock.now());
    }
  })();
  await clock.advance(30);
  await work;
  assert.deepEqual(times, [10, 20, 30]);
});

test('time never goes back: not by a negative delay, not by advancing from two places at once', async () => {
  const clock = virtualClock();
  await clock.advance(100);
  const seen: number[] = [];
  clock.after(-50, () => seen.push(clock.now()));
  await Promise.all([clock.advance(100), clock.advance(10)]);
  assert.deepEqual(seen, [100]);
  assert.equal(clock.now(), 200);
});

test('an interval without a period runs each millisecond, so that time still moves', async () => {
  const clock = virtualClock();
  let ticks = 0;
  clock.every(0, () => ticks++);
  await clock.advance(5);
  assert.equal(ticks, 5);
});
