import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lateClock } from './testing/late-clock.ts';
import { admissionFor, flood, PoolCalls } from './testing/pool.ts';

/** Seeded, so that each run is the same. */
function exponential(seed: number): (meanMs: number) => number {
  let state = seed;
  return (meanMs) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return -meanMs * Math.log(1 - state / 2_147_483_648);
  };
}

const SEEDS = [3, 7_919, 104_729];
const ENDLESS = Number.POSITIVE_INFINITY;

for (const [name, workers, serviceMs, perSecond, deadlineMs] of [
  ['ten times too many', 10, 10, 10_000, 5_000],
  ['ten times too many, who have little time', 8, 40, 2_000, 300],
  ['twice too many', 8, 40, 400, 1_000],
] as const) {
  test(`a pool asked by ${name} does what it can, though nobody takes abandoned work out of it`, async () => {
    for (const seed of SEEDS) {
      const clock = lateClock();
      const time = exponential(seed);
      using admission = admissionFor(clock);
      const calls = new PoolCalls(clock, admission, { workers, serviceMs: () => time(serviceMs) });
      const call = (): void => calls.call(deadlineMs);
      await flood(clock, perSecond, 8_000, call);
      const before = calls.tally.ok;
      await flood(clock, perSecond, 4_000, call);
      const goodput = (calls.tally.ok - before) / 4;
      const capacity = (workers * 1_000) / serviceMs;
      assert.ok(goodput > 0.9 * capacity, `seed ${seed}: ${goodput} of ${capacity} per second`);
      assert.ok(admission.limit < 16 * workers, `seed ${seed}: the limit is ${admission.limit}`);
    }
  });
}

test('handlers that merely wait are not throttled, whatever they wait for', async () => {
  for (const [waitMs, perSecond] of [
    [1_000, 2_000],
    [30_000, 150],
  ] as const) {
    const clock = lateClock();
    const time = exponential(3);
    using admission = admissionFor(clock);
    const calls = new PoolCalls(clock, admission, { workers: ENDLESS, serviceMs: () => time(waitMs) });
    await flood(clock, perSecond, 20_000, () => calls.call(600_000));
    const share = calls.tally.refused / (20 * perSecond);
    assert.ok(share < 0.05, `${share} of the calls that take ${waitMs} ms were refused`);
    assert.ok(admission.limit >= admission.inFlight);
  }
});

test('a dependency that became thirty times slower is found to be that and not a queue, and the limit goes up', async () => {
  const clock = lateClock();
  const time = exponential(3);
  using admission = admissionFor(clock);
  let meanMs = 10;
  const calls = new PoolCalls(clock, admission, { workers: ENDLESS, serviceMs: () => time(meanMs) });
  const call = (): void => calls.call(5_000);
  await flood(clock, 2_000, 4_000, call);
  assert.equal(calls.tally.refused, 0);
  meanMs = 300;
  await flood(clock, 2_000, 8_000, call);
  const before = calls.tally.refused;
  await flood(clock, 2_000, 5_000, call);
  assert.equal(calls.tally.refused - before, 0);
  assert.ok(admission.limit >= 600);
});

test('fast and slow kinds of work in one process: the queue of one is seen beside the waiting of the other', async () => {
  const clock = lateClock();
  const time = exponential(7_919);
  using admission = admissionFor(clock);
  const [fast, slow] = [admission.pace(), admission.pace()];
  const pooled = new PoolCalls(clock, admission, { workers: 10, serviceMs: () => time(10) });
  const waiting = new PoolCalls(clock, admission, { workers: ENDLESS, serviceMs: () => time(2_000) });
  let turn = 0;
  const call = (): void =>
    turn++ % 20 === 0 ? waiting.call(10_000, 'user', slow) : pooled.call(5_000, 'user', fast);
  await flood(clock, 2_000, 10_000, call);
  assert.ok(pooled.tally.ok > 8_500, `${pooled.tally.ok} of 10000 that the pool can do`);
  assert.ok(admission.limit < 256);
});

test('the limit grows only while it is used, and never beyond its bounds', async () => {
  const clock = lateClock();
  using quiet = admissionFor(clock);
  const few = new PoolCalls(clock, quiet, { workers: ENDLESS, serviceMs: () => 100 });
  await flood(clock, 1_000, 3_000, () => few.call());
  assert.equal(quiet.limit, 256);
  using narrow = admissionFor(clock, { maxLimit: 64 });
  assert.equal(narrow.limit, 64);
  using bounded = admissionFor(clock, { maxLimit: 300 });
  const many = new PoolCalls(clock, bounded, { workers: ENDLESS, serviceMs: () => 100 });
  await flood(clock, 5_000, 3_000, () => many.call());
  assert.equal(bounded.limit, 300);
  assert.equal(bounded.inFlight, 300);
});

test('after a hung dependency, whose calls were all given up, the limit is back within seconds', async () => {
  const clock = lateClock();
  const pool = { workers: ENDLESS, serviceMs: () => 20 };
  using admission = admissionFor(clock);
  const calls = new PoolCalls(clock, admission, pool);
  const call = (): void => calls.call(1_000);
  await flood(clock, 500, 2_000, call);
  pool.serviceMs = () => 1e9;
  await flood(clock, 500, 10_000, call);
  pool.serviceMs = () => 20;
  await flood(clock, 500, 5_000, call);
  const before = calls.tally.ok;
  await flood(clock, 500, 1_000, call);
  assert.ok(calls.tally.ok - before > 490, `${calls.tally.ok - before} of 500`);
});
