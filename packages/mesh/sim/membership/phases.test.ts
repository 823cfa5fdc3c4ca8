import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PAUSE_MS, runPhases, SHORT_PAUSE_MS } from './phases.ts';
import { summarise, TARGETS, tableOf } from './summary.ts';
import { zreNode } from './zre-model.ts';

const NODES = 50;
const SEEDS = [1, 2, 3];
const options = { nodes: NODES, events: 3, lossMs: 30_000, partition: true };

test('in a cluster of 50, simulated from three seeds, everything promised of 1,200 holds', () => {
  const summary = summarise(
    NODES,
    SEEDS.map((seed) => runPhases({ ...options, seed })),
  );
  for (const { what, target, found, kept } of TARGETS) {
    assert.ok(kept(summary), `${what}: ${found(summary)}, target ${target}`);
  }
  assert.deepEqual(summary.falsePositives, { 0: 0, 0.01: 0, 0.05: 0 });
  assert.equal(summary.pausedFalsePositives, 0, `those that stood still for ${PAUSE_MS} ms accused others`);
  assert.equal(summary.shortPausesRemoved, 0, `standing still for ${SHORT_PAUSE_MS} ms was deadly`);
  assert.ok(tableOf([{ title: 'all', summary }]).includes('| newcomer |'));
});

test('the same seed gives the same figures', () => {
  const figures = () => runPhases({ ...options, seed: 7, partition: false });
  assert.deepEqual(figures(), figures());
});

test('the baseline needs its five seconds to notice a crash, and everybody hears everybody', () => {
  const summary = summarise(NODES, [runPhases({ ...options, seed: 1, node: zreNode })]);
  assert.ok(summary.crashRemoved.p50 > 4_000 && summary.crashRemoved.max < 7_000);
  assert.ok(summary.quietReceivedBytesPerSecond > NODES * 40);
});
