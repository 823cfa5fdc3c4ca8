/** Every scenario in full against every target, from two seeds, or one in a flood;
 * `npm run sim -- resilience` runs more. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFlood, SCENARIOS } from './scenarios.ts';
import { simulate } from './simulate.ts';
import { type Summary, summarise, verdictsOf } from './summary.ts';

const SEEDS = 2;

test('every target of the resilience report is reached', async (t) => {
  const summaries: Summary[] = [];
  for (const scenario of SCENARIOS) {
    const findings = [];
    const seeds = isFlood(scenario) ? 1 : SEEDS;
    for (let seed = 1; seed <= seeds; seed++)
      findings.push((await simulate(scenario, 'goblin', seed)).findings);
    summaries.push(summarise(scenario, 'goblin', findings));
  }
  for (const { what, target, found, isReached } of verdictsOf(summaries)) {
    await t.test(what, () => assert.ok(isReached, `${found}, target ${target}`));
  }
});
