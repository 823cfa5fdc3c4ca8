import assert from 'node:assert/strict';
import { test } from 'node:test';
import { virtualClock } from '@goblin/core';
import { reportLoad } from './load-report.ts';

function setUp() {
  const clock = virtualClock();
  const told: number[] = [];
  let busy = 0;
  const timer = reportLoad(
    clock,
    (load) => told.push(load),
    () => ({ utilization: busy, active: 0, idle: 0 }),
  );
  return {
    told,
    timer,
    async spend(ms: number, share: number) {
      busy = share;
      await clock.advance(ms);
    },
  };
}

test('a process that is not busy says nothing', async () => {
  const { told, spend } = setUp();
  await spend(600_000, 0.7);
  assert.deepEqual(told, []);
});

test('becoming busy is told in steps, and that it is over', async () => {
  const { told, spend } = setUp();
  await spend(30_000, 0.8);
  await spend(60_000, 0.99);
  await spend(60_000, 0.1);
  assert.deepEqual(told, [0.75, 0.95, 0]);
});

test('what goes up and down around a step or changes all the time is told seldom', async () => {
  const { told, spend } = setUp();
  for (let i = 0; i < 30; i++) await spend(10_000, i % 2 === 0 ? 0.76 : 0.73);
  assert.deepEqual(told, [0.75]);
  for (let i = 0; i < 30; i++) await spend(10_000, i % 2 === 0 ? 0.99 : 0.1);
  assert.ok(told.length <= 11, `${told.length}`);
});
