import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { contract } from '../contract.ts';
import { CallMeter, MeasuredCall } from './call-meter.ts';
import { RunningWork, STALLED_MS } from './stalls.ts';
import { testTelemetry } from './test-telemetry.ts';

const OVER_MS = STALLED_MS + 1;

test('what ends in time has not stalled, in whatever order it ends', () => {
  const work = new RunningWork();
  const [a, b, c] = [work.begin(0), work.begin(1), work.begin(2)];
  assert.deepEqual(work.stalled(STALLED_MS), { seconds: 0, ratio: 0 });
  for (const one of [b, c, a]) work.end(one);
  assert.deepEqual(work.stalled(60_000), { seconds: 0, ratio: 0 });
  work.end(work.begin(60_000));
  assert.deepEqual(work.stalled(120_000), { seconds: 0, ratio: 0 });
});

test('where nothing ends any more all has stalled', () => {
  const work = new RunningWork();
  for (let i = 0; i < 1_000; i++) work.end(work.begin(i));
  work.begin(1_000);
  work.begin(1_001);
  work.begin(1_000 + OVER_MS);
  assert.deepEqual(work.stalled(1_000 + OVER_MS), { seconds: OVER_MS / 1_000, ratio: 1 });
});

test('one that takes long beside others that end is a small share', () => {
  const work = new RunningWork();
  const long = work.begin(0);
  for (let i = 0; i < 99; i++) work.end(work.begin(i));
  assert.deepEqual(work.stalled(60_000), { seconds: 60, ratio: 0.01 });
  work.end(long);
  assert.deepEqual(work.stalled(60_000), { seconds: 0, ratio: 0 });
});

test('calls of a contract that do not end are shown while they run, and streams are not among them', () => {
  const telemetry = testTelemetry();
  const { procedures } = contract('shop.v1', {
    pay: { input: z.any(), output: z.any() },
    watch: { input: z.any(), output: z.any(), stream: true },
  });
  // Two that measure the same calls, as a process has for plain ones and for streams.
  const meters = [new CallMeter('client', telemetry), new CallMeter('client', telemetry)];
  const startMs = performance.now() - OVER_MS;
  const stalled = meters.map((meter) => new MeasuredCall(meter, procedures.pay, undefined, startMs));
  for (const meter of meters) new MeasuredCall(meter, procedures.watch, undefined, startMs);
  const shown = (name: string): unknown =>
    telemetry.metrics.snapshot([`rpc_client_stalled_${name}`]).metrics[0]!.series;
  assert.deepEqual(shown('ratio'), [{ labels: ['shop.v1'], value: 1 }]);
  assert.ok((shown('seconds') as { value: number }[])[0]!.value >= OVER_MS / 1_000);
  stalled[0]!.measureFailure(new Error('gone'));
  assert.deepEqual(shown('ratio'), [{ labels: ['shop.v1'], value: 0.5 }]);
  stalled[1]!.measureSuccess();
  assert.deepEqual(shown('ratio'), [{ labels: ['shop.v1'], value: 0 }]);
  assert.deepEqual(shown('seconds'), [{ labels: ['shop.v1'], value: 0 }]);
});
