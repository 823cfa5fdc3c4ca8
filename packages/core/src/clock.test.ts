import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { sleep, systemClock } from './clock.ts';

const DAY_MS = 86_400_000;

test('sleep ends after its delay, or rejects with the reason of its signal', async () => {
  await sleep(1);
  await assert.rejects(sleep(60_000, AbortSignal.abort(new Error('before'))), { message: 'before' });
  const controller = new AbortController();
  const slept = sleep(60_000, controller.signal);
  controller.abort(new Error('meanwhile'));
  await assert.rejects(slept, { message: 'meanwhile' });
});

test('delays of months are kept, although setTimeout runs them at once', () => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  try {
    const ran: string[] = [];
    systemClock.after(60 * DAY_MS, () => ran.push('after'));
    systemClock.after(Number.POSITIVE_INFINITY, () => ran.push('never'));
    const interval = systemClock.every(40 * DAY_MS, () => ran.push('every'));
    systemClock.after(30 * DAY_MS, () => ran.push('cancelled')).cancel();
    const days = (count: number) => {
      for (let day = 0; day < count; day++) mock.timers.tick(DAY_MS);
    };
    days(39);
    assert.deepEqual(ran, []);
    days(22);
    assert.deepEqual(ran, ['every', 'after']);
    days(30);
    interval.cancel();
    days(80);
    assert.deepEqual(ran, ['every', 'after', 'every']);
  } finally {
    mock.timers.reset();
  }
});

test('an interval repeats until cancelled', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let ticks = 0;
  const timer = systemClock.every(1, () => {
    if (++ticks === 3) resolve();
  });
  // The clock's timers do not keep the process alive; this one does.
  const alive = setTimeout(() => {}, 10_000);
  await promise;
  timer.cancel();
  clearTimeout(alive);
});
