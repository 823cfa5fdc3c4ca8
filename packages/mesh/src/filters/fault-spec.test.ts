import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type GoblinError, isGoblinError } from '@goblin/core';
import { parseFault } from './fault-spec.ts';

test('each form of a fault is taken as it is', () => {
  const match = {
    service: 'tax',
    contract: 'tax.*',
    procedure: 'get*',
    tenant: 'acme',
    side: 'client',
    percent: 0.5,
  };
  for (const fault of [
    { effect: { latencyMs: 200 } },
    { effect: { latencyMs: [0, 60_000] }, match: {} },
    { effect: { error: 'UNAVAILABLE' }, match, id: 'game-day.1', forMs: 3_600_000 },
    { effect: { abort: 'hang' } },
    { effect: { abort: 'CONNECTION_FAILED' } },
  ]) {
    assert.deepEqual(parseFault(JSON.parse(JSON.stringify(fault))), fault);
  }
});

const wrong: readonly [value: unknown, told: RegExp][] = [
  [undefined, /must be an object with an effect/],
  ['hang', /must be an object with an effect/],
  [[], /must be an object with an effect/],
  [{}, /effect must be an object with latencyMs, error or abort/],
  [{ effect: {} }, /exactly one of latencyMs, error and abort/],
  [{ effect: { latencyMs: 1, abort: 'hang' } }, /exactly one/],
  [{ effect: { latencyMs: 60_001 } }, /effect\.latencyMs must be a number from 0 to 60000/],
  [{ effect: { latencyMs: [2, 1] } }, /effect\.latencyMs/],
  [{ effect: { latencyMs: [1] } }, /effect\.latencyMs/],
  [{ effect: { latencyMs: Number.NaN } }, /effect\.latencyMs/],
  [{ effect: { error: 'UNAVAILABEL' } }, /effect\.error must be a code of the platform, such as UNAVAILABLE/],
  [{ effect: { error: 'toString' } }, /effect\.error/],
  [{ effect: { abort: 'crash' } }, /effect\.abort must be "hang" or "CONNECTION_FAILED"/],
  [{ effect: { latency: 5 } }, /effect\.latency is not known; did you mean latencyMs\?/],
  [{ effect: { abort: 'hang' }, forMs: 3_600_001 }, /forMs must be a number from 1 to 3600000 \(one hour\)/],
  [{ effect: { abort: 'hang' }, forMs: '1m' }, /forMs/],
  [{ effect: { abort: 'hang' }, id: '../x' }, /id must be of letters/],
  [{ effect: { abort: 'hang' }, match: [] }, /match must be an object/],
  [{ effect: { abort: 'hang' }, match: { percent: 0 } }, /match\.percent must be a number above 0 up to 100/],
  [{ effect: { abort: 'hang' }, match: { side: 'both' } }, /match\.side must be "client" or "server"/],
  [{ effect: { abort: 'hang' }, match: { contract: 'tax v1' } }, /match\.contract must be a name/],
  [{ effect: { abort: 'hang' }, match: { tenant: '' } }, /match\.tenant/],
  [
    { effect: { abort: 'hang' }, match: { procedur: 'quote' } },
    /match\.procedur is not known; did you mean procedure\?/,
  ],
];

test('what is not a fault is refused with what would be right', () => {
  for (const [value, told] of wrong) {
    assert.throws(
      () => parseFault(value),
      (error) => isGoblinError(error, 'INVALID_INPUT') && told.test(error.message),
      JSON.stringify(value),
    );
  }
});

test('everything that is wrong is told at once', () => {
  assert.throws(
    () => parseFault({ effect: { error: 'NO' }, forMs: 0, match: { percent: 101 } }),
    ({ data }: GoblinError) => Array.isArray(data?.problems) && data.problems.length === 3,
  );
});
