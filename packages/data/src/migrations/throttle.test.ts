import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_ACTIVE_STATEMENTS, MAX_REPLICA_SECONDS, reasonToHold, Throttle } from './throttle.ts';

const QUIET = { replicaSeconds: 0, replicaBytes: 0, activeStatements: 0, lockWaits: 0 };

test('a backfill holds still while replicas are behind, many statements run, or statements wait for locks', () => {
  assert.equal(reasonToHold(QUIET), undefined);
  for (const [change, reason] of [
    [{ replicaSeconds: MAX_REPLICA_SECONDS + 7 }, { reason: 'replica', text: 'a replica is 12 s behind' }],
    [{ replicaBytes: 1e9 }, { reason: 'replica', text: 'a replica is 954 MB behind' }],
    [
      { activeStatements: MAX_ACTIVE_STATEMENTS + 1 },
      { reason: 'statements', text: '33 statements are running' },
    ],
    [{ lockWaits: 5 }, { reason: 'locks', text: '5 statements wait for locks' }],
  ] as const)
    assert.deepEqual(reasonToHold({ ...QUIET, ...change }), reason);
});

test('batches grow and shrink to take a fifth of a second, within their bounds', () => {
  const throttle = new Throttle(1_000);
  for (let i = 0; i < 20; i++) throttle.restAfter(throttle.batchRows * 0.01, throttle.batchRows);
  assert.equal(throttle.batchRows, 1_000);
  for (let i = 0; i < 20; i++) throttle.restAfter(throttle.batchRows * 2, throttle.batchRows);
  assert.equal(throttle.batchRows, 100);
  for (let i = 0; i < 20; i++) throttle.giveWay();
  assert.equal(throttle.batchRows, 10);
});

test('it rests for as long as it works, and four times as long while others make it slow', () => {
  const throttle = new Throttle(100);
  for (let i = 0; i < 10; i++) assert.equal(throttle.restAfter(100, 100), 100);
  let restMs = 0;
  for (let i = 0; i < 10; i++) restMs = throttle.restAfter(500, 100);
  assert.equal(restMs, 2_000);
});
