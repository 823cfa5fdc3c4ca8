import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testTelemetry, virtualClock } from '@goblin/core';
import { startReceiver } from './fixtures/receiver.ts';
import { START_MS } from './fixtures/samples.ts';
import { until } from './fixtures/until.ts';
import { heartbeat } from './heartbeat.ts';

test('it beats each minute while alerts are judged; what is not heard, and what is not sent, is counted', async () => {
  await using outside = await startReceiver();
  const clock = virtualClock(START_MS);
  const { log, metrics } = testTelemetry({ clock });
  let isAlive = true;
  const one = heartbeat({
    ...{ clock, log, metrics, fetch, isAlive: () => isAlive },
    settings: { url: outside.url },
  });
  const failures = (): number | undefined =>
    metrics.snapshot(['heartbeat_failures_total']).metrics[0]?.series[0]?.value;
  const stopping = new AbortController();
  const ended = one.run(stopping.signal);
  await until('the first beat', () => one.lastMs === START_MS);
  await clock.advance(59_000);
  assert.equal(outside.taken.length, 1);
  await clock.advance(1_000);
  await until('the second beat', () => one.lastMs === START_MS + 60_000);
  isAlive = false;
  await clock.advance(120_000);
  assert.equal(outside.received.length, 2);
  assert.equal(failures(), 2);
  isAlive = true;
  outside.next.push({ status: 500 }, 'hang');
  await clock.advance(60_000);
  await until('it was refused', () => failures() === 3);
  await clock.advance(60_000);
  await until('it hangs', () => outside.received.length === 4);
  await clock.advance(10_000);
  await until('it was not heard', () => failures() === 4);
  await clock.advance(60_000);
  await until('it is heard again', () => outside.taken.length === 3);
  one.configure(undefined);
  await clock.advance(600_000);
  assert.equal(outside.received.length, 5);
  one.configure({ url: outside.url, every: '30s' });
  await until('it beats again', () => outside.taken.length === 4);
  stopping.abort();
  await ended;
});
