import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PeakEwma } from './peak-ewma.ts';

const TYPICAL_MS = 9;

/** Attempts one after the other, each taking so long. */
function oneAfterTheOther(peer: PeakEwma, from: number, ...tookMs: number[]): number {
  let now = from;
  for (const ms of tookMs) {
    peer.observe(now, now + ms, TYPICAL_MS);
    now += ms;
  }
  return now;
}

test('who was never measured is typical, and so is who takes what is typical', () => {
  const peer = new PeakEwma();
  assert.equal(peer.slowness(0), 1);
  oneAfterTheOther(peer, 0, 9, 9, 9);
  assert.equal(peer.slowness(27), 1);
});

test('a peak counts at once when the next attempt is slow too, and fades within half a minute', () => {
  const peer = new PeakEwma();
  const at = oneAfterTheOther(peer, 0, 9, 199, 199);
  assert.equal(peer.slowness(at), 20);
  assert.ok(peer.slowness(at + 10_000) < 10);
  const later = peer.slowness(at + 30_000);
  assert.ok(later > 1 && later < 4, `${later}`);
});

test('one stall makes all slow that was in flight, and is not believed', () => {
  const peer = new PeakEwma();
  for (let i = 0; i < 20; i++) peer.observe(i, 200 + i / 100, TYPICAL_MS);
  assert.ok(peer.slowness(201) < 1.1, `${peer.slowness(201)}`);
  oneAfterTheOther(peer, 201, 9, 199, 9, 199, 9);
  assert.ok(peer.slowness(700) < 1.1, `${peer.slowness(700)}`);
});

test('what counts is how it compares with the procedure, and differences far below a millisecond do not', () => {
  const slowProcedure = new PeakEwma();
  slowProcedure.observe(0, 500, 500);
  slowProcedure.observe(500, 1_000, 500);
  assert.equal(slowProcedure.slowness(1_000), 1);
  const quick = new PeakEwma();
  quick.observe(0, 0.2, 0.05);
  quick.observe(0.2, 0.4, 0.05);
  assert.equal(quick.burden(0.4), 1);
});

test('less than twice as slow counts for nothing; what is more does', () => {
  const peer = new PeakEwma();
  oneAfterTheOther(peer, 0, 18, 18);
  assert.equal(peer.burden(36), 1);
  oneAfterTheOther(peer, 36, 79, 79);
  assert.equal(peer.burden(194), 4);
});

test('before the procedure is known nothing is compared, and the time is still averaged for people', () => {
  const peer = new PeakEwma();
  peer.observe(0, 400, 0);
  peer.observe(400, 800, 0);
  assert.equal(peer.slowness(800), 1);
  assert.equal(peer.averageMs, 400);
});
