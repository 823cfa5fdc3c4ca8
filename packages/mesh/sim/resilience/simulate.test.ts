import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Way } from './cluster.ts';
import { pictureOf } from './plots.ts';
import { SCENARIOS, type Scenario, scenarioNamed } from './scenarios.ts';
import { type Findings, simulate } from './simulate.ts';
import { MAX_RECOVERY_MS, summarise, tableOf, verdictsOf } from './summary.ts';

/** The trouble lasts for some seconds only. */
function shortened(name: string, seconds: number): Scenario {
  const toMs = 3_000 + seconds * 1_000;
  return { ...scenarioNamed(name)!, fromMs: 3_000, toMs, lengthMs: toMs + 8_000 };
}

async function findings(name: string, way: Way = 'goblin', seconds = 5, seed = 1): Promise<Findings> {
  return (await simulate(shortened(name, seconds), way, seed)).findings;
}

test('the same seed gives the same figures', async () => {
  assert.deepEqual(await findings('deploy', 'goblin', 5, 7), await findings('deploy', 'goblin', 5, 7));
  assert.notDeepEqual(await findings('deploy', 'goblin', 5, 7), await findings('deploy', 'goblin', 5, 8));
});

test('while nothing happens every call is answered by its first attempt, as by a plain client', async () => {
  const calm = await findings('calm');
  const plain = await findings('calm', 'plain');
  assert.equal(calm.successShare, 1);
  assert.ok(calm.attempts < 1.05, `${calm.attempts} attempts per call`);
  assert.ok(calm.p50Ms < 1.1 * plain.p50Ms && calm.p99Ms < 1.1 * plain.p99Ms);
});

test('one slow, failing or hung server of ten fails no call', async () => {
  for (const name of ['slow-backend', 'failing-backend', 'hung-backend', 'cold-start']) {
    const found = await findings(name, 'goblin', 10);
    assert.ok(found.successShare > 0.999, `${name}: ${found.successShare}`);
    assert.ok(found.attempts < 1.1, `${name}: ${found.attempts} attempts per call`);
  }
});

test('at ten times the capacity servers still answer what they can, and all is well when it is over', async () => {
  for (const name of ['overload-x10', 'overload-compute']) {
    const found = await findings(name, 'goblin', 4);
    assert.ok(found.goodputShare > 0.85, `${name}: ${found.goodputShare} of the capacity`);
    assert.ok(found.recoveryMs <= MAX_RECOVERY_MS, `${name}: ${found.recoveryMs} ms to recover`);
  }
});

test('a storm of retries is bounded and ends with its cause; a plain client and server never recover', async () => {
  const storm = await findings('retry-storm');
  assert.ok(storm.attempts < 1.25, `${storm.attempts} attempts per call`);
  assert.ok(storm.recoveryMs <= MAX_RECOVERY_MS, `${storm.recoveryMs} ms to recover`);
  const plain = await findings('retry-storm', 'plain');
  assert.ok(plain.attempts > 3, `${plain.attempts} attempts per call`);
  assert.equal(plain.recoveryMs, Number.POSITIVE_INFINITY);
});

test('a report has each scenario, each target and a small picture that is XML', async () => {
  const scenario = shortened('calm', 2);
  const goblin = await simulate(scenario, 'goblin', 1);
  const plain = await simulate(scenario, 'plain', 1);
  const summaries = SCENARIOS.map((one) => summarise(one, 'goblin', [goblin.findings]));
  const table = tableOf(summaries);
  for (const { name } of SCENARIOS) assert.ok(table.includes(`| ${name} | goblin |`));
  assert.deepEqual(
    verdictsOf(summaries).filter(({ isReached }) => !isReached),
    [],
  );
  const picture = pictureOf(scenario, goblin.recorder, plain.recorder);
  assert.ok(picture.length < 30_000);
  assert.ok(!/NaN|undefined|Infinity/.test(picture));
  assert.equal(picture.match(/<(?!\/|path|rect)\w+/g)!.length, picture.match(/<\/\w+/g)!.length);
});
