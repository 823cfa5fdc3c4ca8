import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Call, Cancellation, context, contract, isGoblinError, virtualClock } from '@goblin/core';
import { z } from 'zod';
import { seededRandom } from '../balance/testing/seeded-random.ts';
import { recorder } from '../discovery/testing/recorder.ts';
import type { FaultSpec } from './fault-spec.ts';
import { createFaults, MAX_FAULTS } from './faults.ts';

const tax = contract('tax.v1', {
  quote: { input: z.string(), output: z.string() },
  rates: { input: z.string(), output: z.string() },
});
const quote: Call = { procedure: tax.procedures.quote, input: 'FR' };
const rates: Call = { procedure: tax.procedures.rates, input: 'FR' };

function setUp() {
  const clock = virtualClock();
  const telemetry = recorder();
  const { log, metrics } = telemetry;
  const faults = createFaults({ clock, random: seededRandom(7), log, metrics });
  const server = faults.filter('server');
  const client = faults.filter('client');
  return { clock, telemetry, faults, server, client };
}

const answer = async (): Promise<unknown> => 'answered';

test('while nothing is injected a call goes on at once, and its answer is passed on as it is', () => {
  const { server } = setUp();
  const answered = Promise.resolve('answered');
  assert.equal(
    server(quote, () => answered),
    answered,
  );
});

test('an error strikes in place of the call, and says which fault it is of', async () => {
  const { faults, server, telemetry } = setUp();
  const { id } = faults.inject({ effect: { error: 'UNAVAILABLE' } });
  let calls = 0;
  await assert.rejects(
    server(quote, async () => ++calls),
    (error) => isGoblinError(error, 'UNAVAILABLE') && error.data?.fault === id,
  );
  assert.equal(calls, 0);
  assert.equal(telemetry.value('faults_injected_total{tax.v1,server,error}'), 1);
  assert.equal(faults.list()[0]!.struck, 1);
});

test('latency delays the call by so much, and it goes on at once when the fault is lifted', async () => {
  const { clock, faults, server } = setUp();
  faults.inject({ id: 'slow', effect: { latencyMs: [200, 300] } });
  let answers = 0;
  const count = async (): Promise<unknown> => ++answers;
  const first = server(quote, count);
  await clock.advance(199);
  assert.equal(answers, 0);
  await clock.advance(101);
  assert.equal(await first, 1);
  const second = server(quote, count);
  faults.lift('slow');
  assert.equal(await second, 2);
});

test('a call that hangs ends by its cancellation, by its deadline, or when the fault is lifted', async () => {
  const { faults, server } = setUp();
  faults.inject({ effect: { abort: 'hang' } });
  const cancellation = new Cancellation();
  const cancelled = context.run({ cancellation }, () => server(quote, answer));
  cancellation.cancel(undefined);
  await assert.rejects(cancelled, (error) => isGoblinError(error, 'CANCELED'));

  const alive = setInterval(() => {}, 1_000);
  const late = context.run({ deadline: performance.now() + 20 }, () => server(quote, answer));
  await assert.rejects(late, (error) => isGoblinError(error, 'DEADLINE_EXCEEDED'));
  clearInterval(alive);

  const hanging = server(quote, answer);
  faults.lift();
  await assert.rejects(hanging, (error) => isGoblinError(error, 'CONNECTION_FAILED'));
  assert.equal(await server(quote, answer), 'answered');
});

test('a fault lifts itself when its time is over: one minute, or as long as it says', async () => {
  const { clock, faults, server, telemetry } = setUp();
  faults.inject({ effect: { error: 'UNAVAILABLE' } });
  faults.inject({ effect: { error: 'INTERNAL' }, forMs: 90_000 });
  await clock.advance(59_999);
  await assert.rejects(server(quote, answer), (error) => isGoblinError(error, 'UNAVAILABLE'));
  await clock.advance(1);
  await assert.rejects(server(quote, answer), (error) => isGoblinError(error, 'INTERNAL'));
  await clock.advance(30_000);
  assert.equal(await server(quote, answer), 'answered');
  assert.equal(faults.size, 0);
  assert.equal(
    telemetry.warnings.filter((line) => /is lifted because its time is over; it struck 1/.test(line)).length,
    2,
  );
});

const fits: readonly [match: FaultSpec['match'], hit: readonly string[]][] = [
  [{}, ['server quote', 'server rates']],
  [{ side: 'client' }, ['client quote', 'client rates']],
  [{ service: 'tax', procedure: 'quote' }, ['server quote']],
  [{ contract: 'tax.*', procedure: '*a*e*' }, ['server rates']],
  [{ contract: 'tax' }, []],
  [{ contract: 'taxxv1' }, []],
  [{ service: 'shop' }, []],
  [{ tenant: 'acme', procedure: 'quote' }, ['server quote']],
  [{ tenant: 'globex' }, []],
];

test('only the calls that fit in everything that is named are struck', async () => {
  for (const [match, hit] of fits) {
    const { faults } = setUp();
    faults.inject({ match: match!, effect: { error: 'UNAVAILABLE' } });
    const struck: string[] = [];
    for (const side of ['client', 'server'] as const)
      for (const call of [quote, rates])
        await context
          .run({ tenant: 'acme' }, () => faults.filter(side)(call, answer))
          .catch(() => struck.push(`${side} ${call.procedure.name}`));
    assert.deepEqual(struck, hit, JSON.stringify(match));
  }
});

test('a percentage of the calls is struck', async () => {
  const { faults, server } = setUp();
  faults.inject({ match: { percent: 20 }, effect: { error: 'UNAVAILABLE' } });
  let struck = 0;
  for (let i = 0; i < 5_000; i++) await server(quote, answer).catch(() => struck++);
  assert.ok(struck > 900 && struck < 1_100, `${struck} of 5,000`);
});

test('faults strike in order: latencies add up, and the first that ends the call ends it', async () => {
  const { clock, faults, server } = setUp();
  faults.inject({ effect: { latencyMs: 100 } });
  faults.inject({ effect: { latencyMs: 50 } });
  faults.inject({ effect: { abort: 'CONNECTION_FAILED' } });
  faults.inject({ effect: { error: 'INTERNAL' } });
  let code: string | undefined;
  const ended = server(quote, answer).catch((error) => {
    code = error.code;
  });
  await clock.advance(149);
  assert.equal(code, undefined);
  await clock.advance(1);
  await ended;
  assert.equal(code, 'CONNECTION_FAILED');
});

test('a fault of the same name takes the place of the former, and there are at most so many', () => {
  const { faults } = setUp();
  faults.inject({ id: 'a', effect: { abort: 'hang' } });
  faults.inject({ id: 'a', effect: { error: 'INTERNAL' } });
  assert.deepEqual(
    faults.list().map(({ id, effect }) => ({ id, effect })),
    [{ id: 'a', effect: { error: 'INTERNAL' } }],
  );
  for (let i = 1; i < MAX_FAULTS; i++) faults.inject({ effect: { error: 'INTERNAL' } });
  assert.throws(
    () => faults.inject({ effect: { error: 'INTERNAL' } }),
    (error) => isGoblinError(error, 'RESOURCE_EXHAUSTED'),
  );
  assert.deepEqual(faults.lift('nobody'), []);
  assert.equal(faults.lift().length, MAX_FAULTS);
  assert.equal(faults.size, 0);
});

test('injecting and lifting are logged as warnings', () => {
  const { faults, telemetry } = setUp();
  faults.inject({ effect: { error: 'UNAVAILABLE' }, forMs: 5_000 });
  faults.lift();
  assert.deepEqual(telemetry.warnings, [
    'the fault fault-1 is injected for 5000 ms',
    'the fault fault-1 is lifted by order; it struck 0 calls',
  ]);
});
