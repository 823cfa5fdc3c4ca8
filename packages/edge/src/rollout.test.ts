import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketOf, isOnNewSide } from './rollout.ts';

const callers = Array.from({ length: 10_000 }, (_, i) =>
  bucketOf(undefined, `10.0.${i >> 8}.${i & 255}`, 'Mozilla/5.0'),
);

test('the share of callers on the new side is the percentage, within one point', () => {
  for (const percent of [1, 20, 50, 99]) {
    const share = (callers.filter((bucket) => isOnNewSide(bucket, percent)).length / callers.length) * 100;
    assert.ok(Math.abs(share - percent) < 1, `${share} % instead of ${percent} %`);
  }
  assert.equal(callers.filter((bucket) => isOnNewSide(bucket, 0)).length, 0);
  assert.equal(callers.filter((bucket) => isOnNewSide(bucket, 100)).length, callers.length);
});

test('a caller stays on its side, and raising the percentage moves nobody back', () => {
  for (const bucket of callers.slice(0, 500)) {
    const sides = [5, 10, 20, 50, 80].map((percent) => isOnNewSide(bucket, percent));
    assert.deepEqual(
      sides,
      [...sides].sort((a, b) => Number(a) - Number(b)),
    );
  }
  assert.deepEqual(bucketOf(undefined, '10.0.0.1', 'curl'), bucketOf(undefined, '10.0.0.1', 'curl'));
});

test('the cookie wins over the address, and nonsense in it is ignored', () => {
  assert.deepEqual(bucketOf('a=b; goblin-side=42; c=d', '10.0.0.1', undefined), {
    number: 42,
    fromCookie: true,
  });
  for (const cookie of ['goblin-side=', 'goblin-side=123456', 'goblin-side=-1', 'not-goblin-side=3']) {
    assert.equal(bucketOf(cookie, '10.0.0.1', undefined).fromCookie, false, cookie);
  }
});
