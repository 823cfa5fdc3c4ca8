import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGoblinError } from './errors.ts';
import { parseRate, type RateText, rateLimiter } from './rate-limiter.ts';
import { virtualClock } from './virtual-clock.ts';

test('a burst passes, the next one does not, and then one passes per interval', async () => {
  const clock = virtualClock();
  const limiter = rateLimiter({ rate: '10/s', clock });
  for (let left = 9; left >= 0; left--) {
    const verdict = limiter.take('a');
    assert.equal(verdict.allowed, true);
    assert.equal(verdict.remaining, left);
  }
  const refused = limiter.take('a');
  assert.equal(refused.allowed, false);
  assert.equal(Math.round(refused.retryAfterMs), 100);
  await clock.advance(100);
  assert.equal(limiter.take('a').allowed, true);
  assert.equal(limiter.take('a').allowed, false);
  await clock.advance(1_000);
  for (let i = 0; i < 10; i++) assert.equal(limiter.take('a').allowed, true);
  assert.equal(limiter.take('a').allowed, false);
});

test('what is refused costs nothing: who keeps trying passes at the same rate', async () => {
  const clock = virtualClock();
  const limiter = rateLimiter({ rate: '10/s', clock });
  let allowed = 0;
  for (let ms = 0; ms < 10_000; ms++) {
    if (limiter.take('').allowed) allowed++;
    await clock.advance(1);
  }
  assert.ok(allowed >= 108 && allowed <= 110, `${allowed} of 109 expected: the burst and ten per second`);
});

test('in no stretch of time passes more than burst + rate * t, and who comes as told is let in', () => {
  let seed = 1;
  const random = (): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const rates: readonly [rate: RateText, burst: number | undefined][] = [
    ['1/s', 1],
    ['3/s', undefined],
    ['7/m', 2],
    ['100/s', 20],
    ['1000/s', 200],
    ['999999/h', 50],
  ];
  for (const [rate, given] of rates) {
    // Far from zero, where floating point is coarse: a month of milliseconds.
    let now = 2.6e9;
    const limiter = rateLimiter({
      rate,
      ...(given && { burst: given }),
      clock: { ...virtualClock(), now: () => now },
    });
    const { burst, count, periodMs } = limiter;
    const perMs = count / periodMs;
    const passed: number[] = [];
    for (let i = 0; i < 1_000; i++) {
      const verdict = limiter.take('key');
      const choice = random();
      if (verdict.allowed) {
        passed.push(now);
        if (choice < 0.6) now += (random() * 2) / perMs;
        else if (choice > 0.99) now += (random() * 3 * burst) / perMs;
      } else if (choice < 0.5) {
        now += random() * verdict.retryAfterMs;
      } else {
        now += verdict.retryAfterMs;
        assert.equal(limiter.take('key').allowed, true, `${rate}: who comes as told is let in`);
        passed.push(now);
      }
    }
    assert.ok(passed.length > burst);
    // It is enough to look at stretches that begin and end with one that passed.
    let excess = Number.NEGATIVE_INFINITY;
    for (const [first, begin] of passed.entries())
      for (let last = first; last < passed.length; last++)
        excess = Math.max(excess, last - first + 1 - burst - perMs * (passed[last]! - begin));
    assert.ok(excess <= 0.002, `${rate}: ${excess} more passed than may`);
  }
});

test('a burst of its own is smaller or larger than what a period allows', () => {
  const clock = virtualClock();
  const passing = (burst: number): number => {
    const limiter = rateLimiter({ rate: '100/s', burst, clock });
    let passed = 0;
    while (limiter.take('a').allowed) passed++;
    return passed;
  };
  assert.equal(passing(1), 1);
  assert.equal(passing(250), 250);
});

test('keys do not count against each other', () => {
  const limiter = rateLimiter({ rate: '1/h', clock: virtualClock() });
  assert.equal(limiter.take('a').allowed, true);
  assert.equal(limiter.take('b').allowed, true);
  assert.equal(limiter.take('a').allowed, false);
});

test('the table is bounded: keys at rest make room first, then the one that passed longest ago', async () => {
  const clock = virtualClock();
  const limiter = rateLimiter({ rate: '2/s', maxKeys: 3, clock });
  for (const key of ['a', 'b', 'c']) limiter.take(key);
  await clock.advance(2_000);
  limiter.take('a');
  limiter.take('a');
  for (const key of ['d', 'e']) limiter.take(key);
  assert.equal(limiter.take('a').allowed, false, 'busy, so it was kept');
  for (const key of ['f', 'g', 'h']) limiter.take(key);
  assert.equal(limiter.take('a').allowed, true, 'passed longest ago of the busy, so it was forgiven');
  const flooded = rateLimiter({ rate: '1/h', maxKeys: 2, clock });
  for (let i = 0; i < 10_000; i++) assert.equal(flooded.take(String(i)).allowed, true);
  assert.equal(flooded.size, 2);
});

test('keys at rest go as new ones come, long before the table is full', async () => {
  const clock = virtualClock();
  const limiter = rateLimiter({ rate: '1000/s', clock });
  for (let i = 0; i < 10_000; i++) {
    limiter.take(String(i));
    if (i % 10 === 0) await clock.advance(1);
  }
  assert.ok(limiter.size < 50, `${limiter.size} keys are kept`);
});

test('rates and bursts that are none are refused', () => {
  assert.deepEqual(parseRate('1000/m'), { count: 1_000, periodMs: 60_000 });
  for (const text of ['', '10', '0/s', '1.5/s', '10/d', '10/s per client'])
    assert.throws(
      () => parseRate(text),
      (error) => isGoblinError(error, 'INVALID_INPUT'),
    );
  for (const burst of [0, -1, 1.5, Number.NaN])
    assert.throws(
      () => rateLimiter({ rate: '1/s', burst }),
      (error) => isGoblinError(error, 'INVALID_INPUT'),
    );
});
