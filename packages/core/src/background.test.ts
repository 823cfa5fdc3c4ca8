import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { createBackground } from './background.ts';
import { context } from './context.ts';
import { testTelemetry } from './telemetry/test-telemetry.ts';

test('a loop that throws is started again; one that returns has ended', async () => {
  const background = createBackground(testTelemetry());
  let runs = 0;
  const done = Promise.withResolvers<void>();
  background.run('flaky', async () => {
    if (++runs < 3) throw new Error('again');
    done.resolve();
  });
  await done.promise;
  assert.equal(runs, 3);
  await background.stop();
});

test('stopping aborts the loops and waits until they have ended', async () => {
  const background = createBackground(testTelemetry());
  let cleanedUp = false;
  background.run('worker', async (signal) => {
    await once(signal, 'abort');
    await new Promise((next) => setImmediate(next));
    cleanedUp = true;
  });
  await background.stop();
  assert.equal(cleanedUp, true);
});

test('a loop runs outside the call that started it: no deadline, no cancellation, no tenant', async () => {
  const background = createBackground(testTelemetry());
  const seen = Promise.withResolvers<unknown>();
  context.run({ tenant: 'acme', deadline: 1 }, () => {
    background.run('free', async () => seen.resolve([context.tenant, context.deadline]));
  });
  assert.deepEqual(await seen.promise, [undefined, Number.POSITIVE_INFINITY]);
  await background.stop();
});
