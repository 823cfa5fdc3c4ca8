import assert from 'node:assert/strict';
import { test } from 'node:test';
import { virtualClock } from '@goblin/core';
import { watchSilence } from './silence.ts';

function watched() {
  const clock = virtualClock();
  const told: string[] = [];
  const watch = watchSilence({ hung: () => told.push('hung'), givenUp: () => told.push('given up') }, clock);
  return { clock, told, watch };
}

test('who is silent is told to hang, and later given up', async () => {
  const { clock, told } = watched();
  await clock.advance(4_000);
  assert.deepEqual(told, []);
  await clock.advance(2_000);
  assert.ok(told.length > 0 && told.every((what) => what === 'hung'));
  await clock.advance(10_000);
  assert.equal(told.at(-1), 'given up');
});

test('who is heard regularly is never told to hang', async () => {
  const { clock, told, watch } = watched();
  for (let second = 0; second < 60; second++) {
    watch.heard();
    await clock.advance(1_000);
  }
  watch.stop();
  await clock.advance(60_000);
  assert.deepEqual(told, []);
});
