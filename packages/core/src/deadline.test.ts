import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cancellation } from './cancellation.ts';
import { type ContextValues, context, rootContext } from './context.ts';
import {
  cancelledError,
  deadlineSweeper,
  deadlines,
  openScope,
  settleBegun,
  settleBy,
  untilDeadline,
} from './deadline.ts';
import { GoblinError } from './errors.ts';
import { virtualClock } from './virtual-clock.ts';

const SWEEP_MS = 10;

function fixture() {
  const clock = virtualClock();
  const parent: ContextValues = { ...rootContext, cancellation: new Cancellation() };
  return { clock, parent, sweeper: deadlineSweeper(clock) };
}

/** Work that never ends by itself, and says how its signal ended. */
function hanging(): { work: () => Promise<never>; aborted: Promise<unknown> } {
  const { promise: aborted, resolve } = Promise.withResolvers<unknown>();
  return {
    aborted,
    work: () => {
      const { signal } = context;
      signal.addEventListener('abort', () => resolve(signal.reason));
      return new Promise(() => {});
    },
  };
}

test('a deadline fires within one sweep after it passed, not before, and not when taken off', async () => {
  const { clock, sweeper } = fixture();
  const fired: string[] = [];
  sweeper.watch(95, () => fired.push('a'));
  sweeper.watch(200, () => fired.push('b'));
  const off = sweeper.watch(95, () => fired.push('off'));
  off();
  off();
  await clock.advance(94);
  assert.deepEqual(fired, []);
  await clock.advance(1 + SWEEP_MS);
  assert.deepEqual(fired, ['a']);
  await clock.advance(200);
  assert.deepEqual(fired, ['a', 'b']);
  assert.equal(sweeper.size, 0);
});

test('many deadlines that are taken off and added while others fire all fire exactly once', async () => {
  const { clock, sweeper } = fixture();
  const offs = new Map<number, () => void>();
  const fired: number[] = [];
  for (let n = 0; n < 1_000; n++) {
    offs.set(
      n,
      sweeper.watch(50, () => {
        fired.push(n);
        // Every fifth takes its neighbours off, and sets a new one.
        if (n % 5 !== 0) return;
        offs.get(n - 1)?.();
        offs.get(n + 1)?.();
        sweeper.watch(60, () => fired.push(10_000 + n));
      }),
    );
  }
  await clock.advance(200);
  assert.equal(new Set(fired).size, fired.length);
  assert.equal(fired.filter((n) => n >= 10_000).length, 200);
  for (const n of fired) if (n % 5 === 0 && n < 10_000) assert.ok(fired.includes(10_000 + n));
  assert.equal(sweeper.size, 0);
});

test('work that answers in time settles as it does and leaves nothing behind', async () => {
  const { parent, sweeper } = fixture();
  assert.equal(await settleBy(parent, 100, async () => 'done', undefined, sweeper), 'done');
  await assert.rejects(
    settleBy(parent, 100, () => Promise.reject(new Error('own')), undefined, sweeper),
    { message: 'own' },
  );
  await assert.rejects(
    settleBy(
      parent,
      100,
      () => {
        throw new Error('at once');
      },
      undefined,
      sweeper,
    ),
    { message: 'at once' },
  );
  assert.equal(sweeper.size, 0);
});

test('work that does not end in time is settled as DEADLINE_EXCEEDED and sees its signal aborted', async () => {
  const { clock, parent, sweeper } = fixture();
  const { work, aborted } = hanging();
  const settled = settleBy(parent, 100, work, undefined, sweeper);
  const rejected = assert.rejects(settled, { code: 'DEADLINE_EXCEEDED', message: 'no answer within 100 ms' });
  await clock.advance(100 + SWEEP_MS);
  await rejected;
  assert.equal(((await aborted) as GoblinError).code, 'DEADLINE_EXCEEDED');
  assert.equal(parent.cancellation.cancelled, false);
});

test('a caller that goes away cancels the work below it', async () => {
  const { parent, sweeper } = fixture();
  const { work, aborted } = hanging();
  const settled = settleBy(parent, 100, work, undefined, sweeper);
  parent.cancellation.cancel('closed the tab');
  await assert.rejects(settled, { code: 'CANCELED', cause: 'closed the tab' });
  assert.equal(((await aborted) as GoblinError).code, 'CANCELED');
  assert.equal(sweeper.size, 0);
});

test('a signal ends the work too, and is let go of when the work has ended', async () => {
  const { parent, sweeper } = fixture();
  const controller = new AbortController();
  const listeners = { added: 0, removed: 0 };
  const { signal } = controller;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners.added++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners.removed++;
    removeEventListener.apply(signal, args);
  };
  await settleBy(parent, 100, async () => 'done', signal, sweeper);
  assert.deepEqual(listeners, { added: 1, removed: 1 });
  const settled = settleBy(parent, 100, hanging().work, signal, sweeper);
  controller.abort('enough');
  await assert.rejects(settled, { code: 'CANCELED', cause: 'enough' });
  await assert.rejects(settleBy(parent, 100, hanging().work, signal, sweeper), { code: 'CANCELED' });
});

test('nothing begins when the time is up or the caller is gone', async () => {
  const { clock, parent, sweeper } = fixture();
  await clock.advance(50);
  const work = () => assert.fail('it began');
  await assert.rejects(settleBy(parent, 50, work, undefined, sweeper), { code: 'DEADLINE_EXCEEDED' });
  parent.cancellation.cancel(new GoblinError('UNAVAILABLE'));
  await assert.rejects(settleBy(parent, 100, work, undefined, sweeper), { code: 'UNAVAILABLE' });
});

test('a scope never outlasts the deadline of its parent', () => {
  const { sweeper } = fixture();
  const scope = openScope({ ...rootContext, deadline: 40 }, 1_000, undefined, sweeper);
  assert.equal(scope.values.deadline, 40);
  scope.close();
  const endless = openScope(rootContext, Number.POSITIVE_INFINITY, undefined, sweeper);
  assert.equal(sweeper.size, 0);
  endless.close();
});

test('the reason of AbortSignal.timeout counts as a deadline, a coded reason as itself', () => {
  assert.equal(cancelledError(new DOMException('', 'TimeoutError')).code, 'DEADLINE_EXCEEDED');
  assert.equal(cancelledError(new DOMException('', 'AbortError')).code, 'CANCELED');
  const coded = new GoblinError('CONFLICT');
  assert.equal(cancelledError(coded), coded);
});

test('untilDeadline gives up on a promise with the given message', async () => {
  assert.equal(await untilDeadline(Promise.resolve(1), 1_000, () => 'late'), 1);
  await assert.rejects(
    untilDeadline(new Promise(() => {}), 1, () => 'the pool did not open'),
    {
      code: 'DEADLINE_EXCEEDED',
      message: 'the pool did not open',
    },
  );
});

test('what is still under way below work that failed is cancelled', async () => {
  let below: AbortSignal | undefined;
  const failing = settleBy(rootContext, Number.POSITIVE_INFINITY, async () => {
    below = context.signal;
    throw new GoblinError('CONFLICT');
  });
  await assert.rejects(failing, { code: 'CONFLICT' });
  assert.equal(below?.aborted, true);
});

test('work that has begun already settles with its parent and by its deadline too, and leaves nothing behind', async () => {
  const parent = new Cancellation();
  const begin = (): ContextValues => ({
    ...rootContext,
    cancellation: new Cancellation(),
    deadline: performance.now() + 30,
  });
  assert.equal(await settleBegun(parent, begin(), performance.now(), Promise.resolve('done')), 'done');
  const late = begin();
  const alive = setInterval(() => {}, 1_000);
  await assert.rejects(settleBegun(parent, late, performance.now(), new Promise(() => {})), {
    code: 'DEADLINE_EXCEEDED',
  });
  clearInterval(alive);
  assert.ok(late.cancellation.cancelled);
  const left = begin();
  const settling = settleBegun(parent, left, performance.now(), new Promise(() => {}));
  parent.cancel('closed the tab');
  await assert.rejects(settling, { code: 'CANCELED' });
  assert.ok(left.cancellation.cancelled);
  assert.equal(deadlines.size, 0);
});
