/** Second attempts, refusals and what errors say; retries and waiting are in ../dispatcher.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GoblinError, isGoblinError } from '@goblin/core';
import type { Peer } from '../peer.ts';
import { setUp, type World, watch, within } from './testing/dispatch-world.ts';

const quote = { idempotent: true, procedure: '/tax.v1/quote' };

function after<T>(world: World, ms: number, value: T): Promise<T> {
  return new Promise((resolve) => void world.clock.after(ms, () => resolve(value)));
}

/** Teaches what the procedure takes: 10 ms. */
async function learn(world: World, calls = 100): Promise<void> {
  for (let i = 0; i < calls; i++) {
    const done = within(world, 5_000, () =>
      world.dispatcher.dispatch(world.target, quote, (peer) => after(world, 10, peer.instance)),
    );
    await world.clock.advance(11);
    await done;
  }
}

/** One call whose first attempt hangs. */
function hanging(world: World, deadlineMs: number, options = quote) {
  const began: { readonly peer: string; readonly at: number }[] = [];
  const call = watch(
    within(world, deadlineMs, () =>
      world.dispatcher.dispatch(world.target, options, (peer) => {
        began.push({ peer: peer.instance, at: world.clock.now() });
        return began.length === 1 ? new Promise<string>(() => {}) : after(world, 10, peer.instance);
      }),
    ),
  );
  return { began, call };
}

test('an idempotent call that is slower than 95 % of its procedure asks another peer, long before its patience ends', async () => {
  const world = setUp(3);
  await learn(world);
  const from = world.clock.now();
  const { began, call } = hanging(world, 5_000);
  await world.clock.advance(50);
  assert.equal(began.length, 2);
  const hedgedMs = began[1]!.at - from;
  assert.ok(hedgedMs >= 10 && hedgedMs <= 35, `after ${hedgedMs} ms`);
  assert.notEqual(began[0]!.peer, began[1]!.peer);
  assert.equal(call.value, began[1]!.peer);
  assert.equal(world.telemetry.value('mesh_hedges_total{tax.v1,won}'), 1);
});

test('of each procedure its own latency counts', async () => {
  const world = setUp(3);
  await learn(world);
  const { began } = hanging(world, 5_000, { idempotent: true, procedure: '/tax.v1/report' });
  await world.clock.advance(500);
  assert.equal(began.length, 1);
});

test('who is not idempotent, and who goes on after it began, is never asked for twice', async () => {
  const world = setUp(3);
  await learn(world);
  for (const options of [
    { ...quote, idempotent: false },
    { ...quote, finished: () => Promise.resolve() },
  ]) {
    const { began } = hanging(world, 4_000, options);
    await world.clock.advance(4_100);
    assert.equal(began.length, 1);
  }
});

test('when all are slow, one call of twenty is hedged and no more, until patience ends', async () => {
  const world = setUp(5);
  await learn(world, 1_000);
  let attempts = 0;
  const calls = Array.from({ length: 400 }, () =>
    within(world, 60_000, () =>
      world.dispatcher.dispatch(world.target, quote, (peer: Peer) => {
        attempts++;
        return after(world, 900, peer.instance);
      }),
    ),
  );
  await world.clock.advance(800);
  assert.ok(attempts > 400 && attempts <= 400 + 0.05 * 400 + 10, `${attempts} attempts`);
  await world.clock.advance(2_000);
  await Promise.all(calls);
});

test('a hung peer costs calls a delay, also those beyond the share that may be hedged', async () => {
  const world = setUp(3);
  await learn(world);
  const hung = 'tax-0';
  const calls = Array.from({ length: 120 }, () =>
    watch(
      within(world, 3_000, () =>
        world.dispatcher.dispatch(world.target, quote, (peer) =>
          peer.instance === hung ? new Promise<string>(() => {}) : after(world, 10, peer.instance),
        ),
      ),
    ),
  );
  await world.clock.advance(1_100);
  assert.ok(calls.every(({ value }) => value !== undefined && value !== hung));
  assert.equal(world.telemetry.value('mesh_ejections_total{tax,silent}'), 1);
});

test('after this process stood still, answers that wait to be read are read before others are asked', async () => {
  const world = setUp(2);
  await learn(world);
  let sweep = (): void => {};
  const { clock } = world;
  const every = clock.every;
  // The sweeper's next turn comes late, together with the answer.
  clock.every = (_periodMs, run) => {
    sweep = run;
    return every(1e9, run);
  };
  let attempts = 0;
  const call = watch(
    within(world, 5_000, () =>
      world.dispatcher.dispatch(world.target, quote, (peer) => {
        attempts++;
        return after(world, 300, peer.instance);
      }),
    ),
  );
  await clock.advance(299);
  sweep();
  assert.equal(attempts, 1);
  await clock.advance(2);
  assert.ok(call.settled);
  clock.every = every;
});

const overloaded = (retryAfterMs = 500): GoblinError =>
  new GoblinError('RESOURCE_EXHAUSTED', {
    message: 'this instance is overloaded: the event loop is late',
    data: { started: false, retryAfterMs },
  });

test('who is refused asks one other peer at once, idempotent or not', async () => {
  for (const idempotent of [true, false]) {
    const world = setUp(4);
    const asked: string[] = [];
    const answer = await world.dispatcher.dispatch(world.target, { ...quote, idempotent }, async (peer) => {
      asked.push(peer.instance);
      if (asked.length === 1) throw overloaded();
      return peer.instance;
    });
    assert.equal(answer, asked[1]);
    assert.equal(new Set(asked).size, 2);
    assert.equal(world.telemetry.value('mesh_attempts_total{tax.v1,refused}'), 1);
    assert.equal(world.balancer.ejected, 0);
  }
});

test('who is refused twice is told so, with when to come back; when all refuse nobody is ejected', async () => {
  const world = setUp(6);
  let attempts = 0;
  for (let i = 0; i < 50; i++) {
    await assert.rejects(
      within(world, 5_000, () =>
        world.dispatcher.dispatch(world.target, quote, async () => {
          attempts++;
          throw overloaded();
        }),
      ),
      (error) => {
        assert.ok(isGoblinError(error, 'RESOURCE_EXHAUSTED'));
        assert.match(
          error.message,
          /^tax\.v1: this instance is overloaded: .* \(tax-\d at .*, after 2 attempts, \d+ ms left\)$/,
        );
        assert.equal(error.data?.retryAfterMs, 500);
        assert.equal(error.data?.started, undefined);
        return true;
      },
    );
  }
  assert.equal(attempts, 100);
  assert.equal(world.balancer.ejected, 0);
});

test('refusals at any rate are tried again within the budget only', async () => {
  const world = setUp(6);
  let attempts = 0;
  const calls = Array.from({ length: 5_000 }, () =>
    watch(
      world.dispatcher.dispatch(world.target, quote, async () => {
        attempts++;
        throw overloaded();
      }),
    ),
  );
  await world.clock.advance(10);
  assert.ok(calls.every(({ settled }) => settled));
  assert.ok(attempts <= 5_000 * 1.2 + 101, `${attempts}`);
});

test('where there is nobody else, a refusal is not tried again', async () => {
  const world = setUp(1);
  let attempts = 0;
  const refused = world.dispatcher.dispatch(world.target, quote, async () => {
    attempts++;
    throw overloaded();
  });
  await assert.rejects(refused, { code: 'RESOURCE_EXHAUSTED' });
  assert.equal(attempts, 1);
});

test('no attempt is begun that would hardly be answered in time', async () => {
  const world = setUp(3);
  await learn(world);
  for (const [leftMs, expected] of [
    [8, 1],
    [200, 2],
  ] as const) {
    let attempts = 0;
    const call = watch(
      within(world, leftMs, () =>
        world.dispatcher.dispatch(world.target, quote, async (peer) => {
          if (++attempts === 1) throw new GoblinError('CONNECTION_FAILED', { data: { started: false } });
          return after(world, 5, peer.instance);
        }),
      ),
    );
    await world.clock.advance(leftMs + 20);
    assert.equal(attempts, expected, `${leftMs} ms left`);
    if (expected === 1) assert.equal((call.error as GoblinError).data?.timeLeftMs, leftMs);
  }
});

test('a deadline shorter than the procedure takes is not the peers’ fault', async () => {
  const world = setUp(2);
  const slow = { idempotent: false, procedure: '/tax.v1/report' };
  for (let i = 0; i < 60; i++) {
    const done = world.dispatcher.dispatch(world.target, slow, (peer) => after(world, 400, peer.instance));
    await world.clock.advance(401);
    await done;
  }
  const late = Array.from({ length: 20 }, () =>
    watch(
      within(world, 200, () =>
        world.dispatcher.dispatch(world.target, slow, (peer) => after(world, 400, peer.instance)),
      ),
    ),
  );
  await world.clock.advance(250);
  assert.ok(late.every(({ error }) => isGoblinError(error, 'DEADLINE_EXCEEDED')));
  assert.equal(world.balancer.ejected, 0);
  assert.equal(world.telemetry.value('mesh_attempts_total{tax.v1,unknown}'), 20);
});

test('attempts that hang until the deadline count against their peer', async () => {
  const world = setUp(3);
  const calls = Array.from({ length: 30 }, () =>
    watch(
      within(world, 1_000, () =>
        world.dispatcher.dispatch(world.target, { idempotent: false }, (peer) =>
          peer.instance === 'tax-0' ? new Promise<string>(() => {}) : after(world, 10, peer.instance),
        ),
      ),
    ),
  );
  await world.clock.advance(1_050);
  const late = calls.filter(({ error }) => isGoblinError(error, 'DEADLINE_EXCEEDED')).length;
  assert.ok(late >= 3, `${late}`);
  assert.equal(world.telemetry.value('mesh_attempts_total{tax.v1,failed}'), late);
  assert.equal(world.telemetry.value('mesh_ejections_total{tax,failed}'), 1);
});

test('who runs beside an attempt that fails for good is not charged with its failure', async () => {
  const world = setUp(2);
  await learn(world);
  let attempts = 0;
  const call = watch(
    within(world, 5_000, () =>
      world.dispatcher.dispatch(world.target, quote, async (peer) => {
        if (++attempts === 1) return after(world, 4_000, peer.instance);
        throw new GoblinError('INTERNAL');
      }),
    ),
  );
  await world.clock.advance(100);
  assert.equal(attempts, 2);
  assert.ok(isGoblinError(call.error, 'INTERNAL'));
  assert.equal(world.telemetry.value('mesh_attempts_total{tax.v1,failed}'), 1);
  assert.equal(world.telemetry.value('mesh_attempts_total{tax.v1,unknown}'), 1);
});

test('when the deadline passes, the error names all who were asked and have not answered', async () => {
  const world = setUp(2);
  await learn(world);
  const call = watch(
    within(world, 150, () =>
      world.dispatcher.dispatch(world.target, quote, () => new Promise<string>(() => {})),
    ),
  );
  await world.clock.advance(200);
  const { error } = call;
  assert.ok(isGoblinError(error, 'DEADLINE_EXCEEDED'));
  assert.match(
    error.message,
    /^tax\.v1: there was no answer in time \(tax-\d at 127\.0\.0\.1:4000, no answer from tax-\d either, after 2 attempts\)$/,
  );
  assert.equal((error.data as { others: string[] }).others.length, 1);
  assert.equal(error.data?.timeLeftMs, 0);
});

test('who waits in vain for a peer is told what its last attempt failed with', async () => {
  const world = setUp(1);
  const call = watch(
    within(world, 3_000, () =>
      world.dispatcher.dispatch(world.target, quote, async () => {
        world.directory.left('tax-0', 'a test');
        throw new GoblinError('CONNECTION_FAILED', { message: 'refused', data: { started: false } });
      }),
    ),
  );
  await world.clock.advance(3_000);
  assert.ok(isGoblinError(call.error, 'NO_PEER'));
  assert.match(
    call.error.message,
    /\(attempt 1 failed before: CONNECTION_FAILED: refused\)\. No service is known/,
  );
  assert.equal(call.error.data?.attempts, 1);
  assert.ok((call.error.data?.timeLeftMs as number) <= 20);
});
