import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cancellation, context, GoblinError, isGoblinError } from '@goblin/core';
import { setUp, watch, within } from './balance/testing/dispatch-world.ts';
import { seededRandom } from './balance/testing/seeded-random.ts';
import { MAX_WAITING } from './balance/waiting-room.ts';
import type { DispatchOptions } from './dispatcher.ts';
import type { Peer } from './peer.ts';

const idempotent: DispatchOptions = { idempotent: true };
const once: DispatchOptions = { idempotent: false };
const refused = (): GoblinError => new GoblinError('CONNECTION_FAILED', { data: { started: false } });
const reset = (): GoblinError => new GoblinError('CONNECTION_FAILED');
const unavailable = (): GoblinError => new GoblinError('UNAVAILABLE');

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('work is done by a ready peer', async () => {
  const { dispatcher, target, telemetry } = setUp(3);
  assert.match(await dispatcher.dispatch(target, once, async (peer) => peer.instance), /^tax-\d$/);
  assert.equal(telemetry.value('mesh_attempts_total{tax.v1,ok}'), 1);
});

test('what surely never began is tried at once on another peer, idempotent or not', async () => {
  for (const options of [idempotent, once]) {
    const { dispatcher, target, telemetry, directory, clock } = setUp(2);
    const tried: string[] = [];
    const done = await dispatcher.dispatch(target, options, async (peer) => {
      tried.push(peer.instance);
      if (tried.length === 1) throw refused();
      return peer.instance;
    });
    assert.equal(tried.length, 2);
    assert.notEqual(tried[0], tried[1]);
    assert.equal(done, tried[1]);
    assert.equal(telemetry.value('mesh_retries_total{tax.v1,CONNECTION_FAILED}'), 1);
    await clock.advance(2_000);
    assert.deepEqual(
      directory.peers.map((peer) => peer.instance),
      [tried[1]],
      'the refused one has left',
    );
  }
});

test('what may have begun is tried again only if it is idempotent', async () => {
  for (const failure of [reset, unavailable]) {
    const { dispatcher, target } = setUp(3);
    let attempts = 0;
    const fail = async (): Promise<string> => {
      attempts++;
      throw failure();
    };
    await assert.rejects(dispatcher.dispatch(target, once, fail), (error) => {
      assert.ok(isGoblinError(error));
      assert.equal(error.data?.attempts, 1);
      return true;
    });
    assert.equal(attempts, 1);
  }
});

test('idempotent work is tried four times at most; the error says with whom, how often and how much time was left', async () => {
  const world = setUp(3);
  const { dispatcher, target, clock } = world;
  let attempts = 0;
  const dispatched = watch(
    within(world, 5_000, () =>
      dispatcher.dispatch(target, idempotent, async () => {
        attempts++;
        throw unavailable();
      }),
    ),
  );
  await clock.advance(1_000);
  assert.equal(attempts, 4);
  const { error } = dispatched;
  assert.ok(isGoblinError(error, 'UNAVAILABLE'));
  assert.match(
    error.message,
    /^tax\.v1: .* \(tax-\d at 127\.0\.0\.1:4000, after 4 attempts, 4\d\d\d ms left\)$/,
  );
  assert.match(String(error.data?.peer), /^tax-\d$/);
  assert.equal(error.data?.attempts, 4);
  assert.ok((error.data?.timeLeftMs as number) > 4_000);
  assert.equal(error.data?.started, undefined);
});

test('a refusal by the service, or a bug in it, is not tried again and comes as it is', async () => {
  for (const code of ['UNKNOWN_COUNTRY', 'INVALID_INPUT', 'INTERNAL', 'DEADLINE_EXCEEDED']) {
    const { dispatcher, target } = setUp(3);
    let attempts = 0;
    const thrown = new GoblinError(code, { data: { country: 'XX' } });
    await assert.rejects(
      dispatcher.dispatch(target, idempotent, async () => {
        attempts++;
        throw thrown;
      }),
      (error) => isGoblinError(error, code) && (code === 'DEADLINE_EXCEEDED' || error === thrown),
    );
    assert.equal(attempts, 1);
  }
});

test('what was tried again further down is not tried again here', async () => {
  const { dispatcher, target } = setUp(3);
  let attempts = 0;
  const below = new GoblinError('UNAVAILABLE', { data: { attempts: 4, peer: 'db-1' } });
  await assert.rejects(
    dispatcher.dispatch(target, idempotent, async () => {
      attempts++;
      throw below;
    }),
    (error) => error === below,
  );
  assert.equal(attempts, 1);
});

test('an attempt that throws at once counts as one that rejects', async () => {
  const { dispatcher, target } = setUp(1);
  await assert.rejects(
    dispatcher.dispatch(target, idempotent, () => {
      throw new TypeError('a bug');
    }),
    /a bug/,
  );
});

test('no attempt goes to a peer that drains while another is ready', async () => {
  const { dispatcher, target, join } = setUp(3);
  join('tax-0', { state: 'draining', incarnation: 2 });
  for (let i = 0; i < 200; i++) {
    await dispatcher.dispatch(target, once, async (peer) => assert.notEqual(peer.instance, 'tax-0'));
  }
});

test('a peer that refuses because it drains is left for another, though the directory does not know yet', async () => {
  const { dispatcher, target } = setUp(3);
  const shuttingDown = (): GoblinError => new GoblinError('UNAVAILABLE', { data: { started: false } });
  for (let i = 0; i < 50; i++) {
    await dispatcher.dispatch(target, once, async (peer) => {
      if (peer.instance === 'tax-0') throw shuttingDown();
    });
  }
});

test('while an instance that was known restarts, work waits for it until shortly before the deadline', async () => {
  const world = setUp(1);
  const { dispatcher, target, clock, directory, join } = world;
  directory.left('tax-0', 'a restart');
  const served = watch(
    within(world, 10_000, () => dispatcher.dispatch(target, once, async (peer) => peer.instance)),
  );
  const missed = watch(
    within(world, 3_000, () => dispatcher.dispatch(target, once, async (peer) => peer.instance)),
  );
  assert.equal(dispatcher.waiting, 2);
  await clock.advance(2_900);
  assert.equal(missed.settled, false);
  await clock.advance(100);
  assert.ok(isGoblinError(missed.error, 'NO_PEER'));
  assert.match(missed.error.message, /no instance of tax\.v1 \(left\) could be reached within 29[89]0 ms/);
  await clock.advance(5_000);
  join('tax-1');
  await settle();
  assert.equal(served.value, 'tax-1');
  assert.equal(dispatcher.waiting, 0);
});

test('where nobody was ever seen, work fails after two seconds, saying who is known and what to do', async () => {
  const world = setUp(0);
  const { dispatcher, target, clock } = world;
  world.join('shop-1');
  const dispatched = watch(within(world, 60_000, () => dispatcher.dispatch(target, once, async () => 1)));
  await clock.advance(1_900);
  assert.equal(dispatched.settled, false);
  await clock.advance(200);
  assert.ok(isGoblinError(dispatched.error, 'NO_PEER'));
  assert.match(
    dispatched.error.message,
    /tax\.v1 \(never seen\).*Known are shop \(1 ready\): start what is missing/,
  );
});

test('an instance that is seen starting is waited for', async () => {
  const world = setUp(0);
  const { dispatcher, target, clock, join } = world;
  const dispatched = watch(
    within(world, 20_000, () => dispatcher.dispatch(target, once, async () => 'done')),
  );
  await clock.advance(1_500);
  join('tax-1', { state: 'starting' });
  await clock.advance(10_000);
  assert.equal(dispatched.settled, false);
  join('tax-1', { state: 'ready', incarnation: 2 });
  await settle();
  assert.equal(dispatched.value, 'done');
});

test('without a deadline waiting ends after thirty seconds', async () => {
  const world = setUp(1);
  world.directory.left('tax-0', 'a test');
  const dispatched = watch(world.dispatcher.dispatch(world.target, once, async () => 1));
  await world.clock.advance(29_000);
  assert.equal(dispatched.settled, false);
  await world.clock.advance(1_100);
  assert.ok(isGoblinError(dispatched.error, 'NO_PEER'));
});

test('the waiting room is bounded, and empties in order', async () => {
  const world = setUp(1);
  const { dispatcher, target, clock, directory, join } = world;
  directory.left('tax-0', 'a test');
  const order: number[] = [];
  const all = Array.from({ length: MAX_WAITING }, (_, i) =>
    within(world, 60_000, () => dispatcher.dispatch(target, once, async () => order.push(i))),
  );
  await assert.rejects(
    within(world, 60_000, () => dispatcher.dispatch(target, once, async () => 1)),
    (error) => isGoblinError(error, 'NO_PEER') && /10000 calls wait already/.test(error.message),
  );
  join('tax-1');
  await settle();
  assert.ok(order.length > 0 && order.length < 1_000, `${order.length} at once`);
  await clock.advance(5_000);
  await Promise.all(all);
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  );
  assert.equal(dispatcher.waiting, 0);
});

test('when the only instance was killed, work waits for its successor and one attempt at a time looks for it', async () => {
  const world = setUp(1);
  const { dispatcher, target, clock, join } = world;
  let attempts = 0;
  const attempt = async (peer: Peer): Promise<string> => {
    attempts++;
    if (peer.instance === 'tax-0') throw refused();
    return peer.instance;
  };
  const all = Array.from({ length: 50 }, () =>
    within(world, 5_000, () => dispatcher.dispatch(target, once, attempt)),
  );
  await clock.advance(1_000);
  assert.ok(attempts < 75, `${attempts} attempts`);
  join('tax-1');
  await clock.advance(100);
  assert.deepEqual(new Set(await Promise.all(all)), new Set(['tax-1']));
});

test('an attempt without an answer is joined by another after half the time left, and the first answer wins', async () => {
  const world = setUp(2);
  const { dispatcher, target, clock, telemetry } = world;
  const began: { peer: string; cancellation: Cancellation }[] = [];
  const dispatched = watch(
    within(world, 300, () =>
      dispatcher.dispatch(target, idempotent, (peer) => {
        began.push({ peer: peer.instance, cancellation: context.current.cancellation });
        return began.length === 1 ? new Promise<string>(() => {}) : Promise.resolve(peer.instance);
      }),
    ),
  );
  await clock.advance(140);
  assert.equal(began.length, 1);
  await clock.advance(30);
  assert.equal(dispatched.value, began[1]!.peer);
  assert.notEqual(began[0]!.peer, began[1]!.peer);
  assert.ok(began[0]!.cancellation.cancelled, 'the slow one is told that nobody waits');
  assert.ok(!began[1]!.cancellation.cancelled);
  assert.equal(telemetry.value('mesh_retries_total{tax.v1,SLOW}'), 1);
  assert.equal(telemetry.value('mesh_attempts_total{tax.v1,overtaken}'), 1);
  assert.equal(telemetry.value('mesh_hedges_total{tax.v1,won}'), 1);
});

test('a call that is only slow still gets its answer from whom it asked first', async () => {
  const world = setUp(2);
  const { dispatcher, target, clock } = world;
  let first: string | undefined;
  const dispatched = watch(
    within(world, 5_000, () =>
      dispatcher.dispatch(target, idempotent, (peer) => {
        first ??= peer.instance;
        return new Promise<string>((resolve) => void clock.after(3_000, () => resolve(peer.instance)));
      }),
    ),
  );
  await clock.advance(3_000);
  assert.equal(dispatched.value, first);
});

test('a peer that is overtaken three times in a row is avoided', async () => {
  const world = setUp(3);
  const { dispatcher, target, clock, telemetry } = world;
  const attempt = (peer: Peer): Promise<string> =>
    peer.instance === 'tax-0' ? new Promise(() => {}) : Promise.resolve(peer.instance);
  const all = Array.from({ length: 60 }, () =>
    within(world, 5_000, () => dispatcher.dispatch(target, idempotent, attempt)),
  );
  await clock.advance(1_100);
  await Promise.all(all);
  assert.equal(telemetry.value('mesh_ejections_total{tax,silent}'), 1);
});

test('work that is not idempotent, streams, and work without another peer are never joined', async () => {
  const finished = (): Promise<void> => Promise.resolve();
  for (const [peers, options] of [
    [2, once],
    [2, { idempotent: true, finished }],
    [1, idempotent],
  ] as const) {
    const world = setUp(peers);
    let attempts = 0;
    const dispatched = watch(
      within(world, 4_000, () =>
        world.dispatcher.dispatch(world.target, options, () => {
          attempts++;
          return new Promise<string>(() => {});
        }),
      ),
    );
    await world.clock.advance(3_900);
    assert.equal(attempts, 1);
    await world.clock.advance(200);
    assert.ok(isGoblinError(dispatched.error, 'DEADLINE_EXCEEDED'));
    assert.match(String(dispatched.error.data?.peer), /^tax-/);
  }
});

test('a stream counts as in flight until it has ended', async () => {
  const { dispatcher, target } = setUp(2);
  const ends: (() => void)[] = [];
  const options = { idempotent: false, finished: () => new Promise<void>((resolve) => ends.push(resolve)) };
  const first = await dispatcher.dispatch(target, options, async (peer) => peer.instance);
  for (let i = 0; i < 20; i++) {
    assert.notEqual(await dispatcher.dispatch(target, once, async (peer) => peer.instance), first);
  }
  ends[0]!();
  await settle();
  const chosen = new Set<string>();
  for (let i = 0; i < 50; i++)
    chosen.add(await dispatcher.dispatch(target, once, async (peer) => peer.instance));
  assert.equal(chosen.size, 2);
});

test('cancelling ends work that waits, that pauses before a retry and that runs, with the reason', async () => {
  const reason = new GoblinError('CANCELED', { message: 'the browser left' });
  const never = (): Promise<never> => new Promise(() => {});
  const failing = async (): Promise<never> => {
    throw unavailable();
  };
  for (const [peers, attempt] of [
    [0, never],
    [1, failing],
    [1, never],
  ] as const) {
    const { dispatcher, target } = setUp(peers);
    const cancellation = new Cancellation();
    const dispatched = context.run({ cancellation }, () => dispatcher.dispatch(target, idempotent, attempt));
    await settle();
    cancellation.cancel(reason);
    await assert.rejects(dispatched, (error) => error === reason);
    assert.equal(dispatcher.waiting, 0);
    await assert.rejects(
      context.run({ cancellation }, () => dispatcher.dispatch(target, idempotent, attempt)),
      (error) => error === reason,
    );
  }
});

test('when everything fails, retries add no more than a fifth', async () => {
  const world = setUp(3);
  const { dispatcher, target, clock, telemetry } = world;
  let attempts = 0;
  const requests = 2_000;
  const fail = async (): Promise<never> => {
    attempts++;
    throw unavailable();
  };
  for (let i = 0; i < requests / 20; i++) {
    for (let j = 0; j < 20; j++)
      watch(within(world, 5_000, () => dispatcher.dispatch(target, idempotent, fail)));
    await clock.advance(50);
  }
  await clock.advance(5_000);
  const allowed = requests * 1.2;
  assert.ok(attempts > requests && attempts <= allowed, `${attempts} attempts, ${allowed} allowed`);
  assert.ok(telemetry.value('mesh_retry_budget_exhausted_total{tax.v1}') > 0);
});

test('whatever peers do and whoever comes and goes, every dispatch settles by its deadline and nothing leaks', async () => {
  for (let seed = 1; seed <= 15; seed++) {
    const world = setUp(3, seed);
    const { clock, directory, dispatcher, target, join } = world;
    const random = seededRandom(seed * 1_000);
    const pick = <T>(...choices: T[]): T => choices[Math.floor(random() * choices.length)]!;
    const draining = new Set<string>();
    const dispatched: { settled: boolean; dueAt: number }[] = [];
    let incarnation = 2;

    const attempt = (peer: Peer): Promise<string> => {
      const others = directory.answering('tax.v1').length;
      assert.ok(!draining.has(peer.instance) || others === 0, 'an attempt went to a draining peer');
      const cancellation = context.current.cancellation;
      return new Promise((resolve, reject) => {
        cancellation.onCancel((reason) => random() < 0.8 && reject(reason));
        const fate = pick(
          'ok',
          'ok',
          'ok',
          'refused',
          'reset',
          'unavailable',
          'internal',
          'hang',
          'declined',
        );
        void clock.after(random() * 400, () => {
          if (fate === 'ok') resolve(peer.instance);
          if (fate === 'refused') reject(refused());
          if (fate === 'reset') reject(reset());
          if (fate === 'unavailable') reject(unavailable());
          if (fate === 'internal') reject(new Error('a bug'));
          if (fate === 'declined') reject(new GoblinError('UNKNOWN_COUNTRY'));
        });
      });
    };
    for (let step = 0; step < 150; step++) {
      const instance = `tax-${Math.floor(random() * 5)}`;
      const happening = random();
      if (happening < 0.1) {
        draining.delete(instance);
        join(instance, { incarnation: incarnation++ });
      } else if (happening < 0.15) {
        if (directory.peer(instance)) draining.add(instance);
        if (directory.peer(instance)) join(instance, { incarnation: incarnation++, state: 'draining' });
      } else if (happening < 0.2) directory.left(instance, 'a test');
      const deadlineMs = 50 + random() * 3_000;
      const work = within(world, deadlineMs, () =>
        dispatcher.dispatch(target, pick(idempotent, once), attempt),
      );
      const watched = Object.assign(watch(work), { dueAt: clock.now() + deadlineMs + 20 });
      dispatched.push(watched);
      await clock.advance(random() * 60);
      for (const { settled, dueAt } of dispatched) {
        assert.ok(
          settled || clock.now() <= dueAt,
          `seed ${seed}: unsettled ${clock.now() - dueAt} ms too long`,
        );
      }
    }
    await clock.advance(4_000);
    assert.ok(dispatched.every(({ settled }) => settled));
    assert.equal(dispatcher.waiting, 0);
  }
});
