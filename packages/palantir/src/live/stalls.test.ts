import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Labels } from '../model.ts';
import type { SampleSeries } from '../query/promql/source.ts';
import { type Stall, stallInWords, stallsIn } from './stalls.ts';

const NOW_MS = Date.UTC(2026, 0, 31, 12, 0, 30);

interface Told {
  readonly seconds?: number;
  readonly ratio?: number;
  readonly agoMs?: number;
  readonly periodMs?: number;
}

/** What one instance tells of one kind of work. */
function told(
  prefix: string,
  labels: Labels,
  { seconds = 7, ratio = 1, agoMs = 1_000, periodMs = 5_000 }: Told = {},
): SampleSeries[] {
  const times = Float64Array.of(NOW_MS - agoMs - periodMs, NOW_MS - agoMs);
  return Object.entries({ seconds, ratio }).map(([what, value]) => ({
    labels: { __name__: `${prefix}_stalled_${what}`, instance: '1', ...labels },
    times,
    values: Float64Array.of(0, value),
  }));
}

function found(...series: SampleSeries[][]): readonly Stall[] {
  return stallsIn(series.flat(), new Map([['tax.v1', 'tax']]), NOW_MS);
}

test('what hangs is said of who hangs, the cause first', () => {
  const stalls = found(
    told('rpc_client', { service: 'shop', exported_service: 'tax.v1' }, { seconds: 9 }),
    told('rpc_server', { service: 'tax', exported_service: 'tax.v1' }, { seconds: 8 }),
    told('db_client', { service: 'tax', db_namespace: 'tax' }, { seconds: 7.4 }),
  );
  assert.deepEqual(
    stalls.map((stall) => [stall.service, stallInWords(stall)]),
    [
      ['tax', 'its database has kept statements waiting for 7 s'],
      ['tax', 'calls have waited for it for 8 s'],
      ['tax', 'calls of shop have waited for it for 9 s'],
    ],
  );
});

test('one that takes long beside many others, and one whose instance is gone, is no hang', () => {
  const labels = { service: 'tax', db_namespace: 'tax' };
  assert.deepEqual(found(told('db_client', labels, { ratio: 0.01 })), []);
  assert.deepEqual(found(told('db_client', labels, { seconds: 0, ratio: 0 })), []);
  assert.deepEqual(found(told('db_client', labels, { agoMs: 11_000 })), []);
  assert.equal(found(told('db_client', labels, { agoMs: 61_000, periodMs: 60_000 })).length, 1);
  // What one instance tells of itself says nothing of another.
  const [seconds] = told('db_client', labels);
  const [, share] = told('db_client', { ...labels, instance: '2' });
  assert.deepEqual(found([seconds!, share!]), []);
});
