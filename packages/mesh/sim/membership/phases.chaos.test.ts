/** What phases.test.ts shows of 50 members, of 300 and 1,200. `npm run sim -- membership` measures more. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type PhaseOptions, runPhases } from './phases.ts';
import { summarise, TARGETS } from './summary.ts';

function holds(context: TestContext, options: Omit<PhaseOptions, 'seed'>, seeds: readonly number[]): void {
  const findings = seeds.map((seed) => runPhases({ ...options, seed }));
  const summary = summarise(options.nodes, findings);
  for (const { what, target, found, kept } of TARGETS) {
    const line = `${what}: ${found(summary)}, target ${target}`;
    context.diagnostic(line);
    assert.ok(kept(summary), line);
  }
  assert.deepEqual(summary.falsePositives, { 0: 0, 0.01: 0, 0.05: 0 });
  assert.equal(summary.pausedFalsePositives, 0);
  assert.equal(summary.shortPausesRemoved, 0);
}

test('in a cluster of 300, simulated from four seeds, everything promised of 1,200 holds', (context) => {
  holds(context, { nodes: 300, events: 5, lossMs: 60_000, partition: true }, [101, 102, 103, 104]);
});

test('in a cluster of 1,200 everything promised holds; partitions are left to the long simulation', (context) => {
  holds(context, { nodes: 1_200, events: 3, lossMs: 30_000, partition: false }, [101]);
});
