/** The proof of the whole: every kind of durable work at once, in processes that are killed, frozen and started again all the time, over
 * servers that misbehave and are killed too. Afterwards the books are balanced: books/ says what is promised.
 *
 * `GOBLIN_CHAOS_KILLS=1000` for a long run (minutes), `GOBLIN_CHAOS_SEED` for the plan of an earlier one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { balance } from './books/balance.ts';
import { gather } from './books/evidence.ts';
import { figures } from './books/figures.ts';
import { report } from './books/history.ts';
import { callInto } from './callers.ts';
import { chance } from './chance.ts';
import { killAround } from './killer.ts';
import { settle } from './settle.ts';
import { openWorld } from './world/world.ts';

/** SIGKILLs of workers. */
const KILLS = Number(process.env.GOBLIN_CHAOS_KILLS ?? 20);
const SEED = Number(process.env.GOBLIN_CHAOS_SEED ?? Math.floor(Math.random() * 2 ** 31));
/** One kill of each server for so many of workers. */
const KILLS_PER_SERVER_KILL = 80;
const MIN_SERVER_KILLS = 2;

test('whatever is killed, the books of mixed work balance: nothing is lost, nothing is done twice, what is unknown is listed', {
  timeout: 300_000 + 5_000 * KILLS,
}, async (t) => {
  console.log(`GOBLIN_CHAOS_SEED=${SEED} GOBLIN_CHAOS_KILLS=${KILLS}`);
  const startedMs = performance.now();
  const luck = chance(SEED);
  await using world = await openWorld(luck.branch());
  const callers = callInto(world, luck.branch());
  const plan = {
    kills: KILLS,
    serverKills: Math.max(MIN_SERVER_KILLS, Math.ceil(KILLS / KILLS_PER_SERVER_KILL)),
    onKill: (kills: number) => {
      if (kills % 100 === 0) console.log(`${kills} kills after ${secondsSince(startedMs)} s`);
    },
  };
  const killings = await killAround(world, plan, luck.branch());
  await callers.stop();
  console.log(`the killing took ${secondsSince(startedMs)} s; what is left is done now`);
  const settled = await settle(world);
  const evidence = await gather(world, { asked: callers.asked, ...settled, blows: killings.blows });
  for (const line of figures(evidence, killings)) t.diagnostic(line);
  t.diagnostic(`${secondsSince(startedMs)} s in all`);

  assert.deepEqual(killings.fallen, [], 'a worker ended by itself');
  const breaches = balance(evidence);
  assert.ok(breaches.length === 0, report(breaches, evidence));
  assert.ok(killings.kills >= KILLS, 'there was chaos');
  for (const [server, kills] of killings.serverKills) assert.ok(kills >= plan.serverKills, server);
  for (const [kind, names] of Object.entries(callers.asked))
    assert.ok(names.size > 0, `no ${kind} was asked for`);
});

function secondsSince(ms: number): number {
  return Math.round((performance.now() - ms) / 1_000);
}
