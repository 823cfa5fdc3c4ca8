import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { test } from 'node:test';
import { systemClock } from './clock.ts';
import { context, rootContext } from './context.ts';

test('outside any call there is no deadline and nothing is cancelled', () => {
  assert.equal(context.deadline, Number.POSITIVE_INFINITY);
  assert.equal(context.timeLeft(), Number.POSITIVE_INFINITY);
  assert.equal(context.signal.aborted, false);
  assert.equal(context.tenant, undefined);
});

test('run changes some values and keeps the others, through awaits and timers, and only inside', async () => {
  await context.run({ tenant: 'acme', requestId: 'r-1' }, async () => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    context.run({ tenant: 'other' }, () => {
      assert.deepEqual([context.tenant, context.requestId], ['other', 'r-1']);
    });
    assert.deepEqual([context.tenant, context.requestId, context.actor], ['acme', 'r-1', undefined]);
    context.run({ tenant: undefined }, () => assert.equal(context.tenant, undefined));
  });
  assert.equal(context.tenant, undefined);
});

test('two calls at once do not see each other', async () => {
  const tenants = await Promise.all(
    ['a', 'b'].map((tenant) => context.run({ tenant }, () => Promise.resolve().then(() => context.tenant))),
  );
  assert.deepEqual(tenants, ['a', 'b']);
});

test('the time left is never negative', () => {
  const soon = systemClock.now() + 10_000;
  const left = context.run({ deadline: soon }, () => context.timeLeft());
  assert.ok(left > 0 && left <= 10_000);
  assert.equal(
    context.run({ deadline: -1 }, () => context.timeLeft()),
    0,
  );
});

test('enter takes exactly the given values, and detach none', () => {
  context.run({ tenant: 'acme', actor: 'ann' }, () => {
    context.enter({ ...rootContext, tenant: 'other' }, () => {
      assert.deepEqual([context.tenant, context.actor], ['other', undefined]);
    });
    context.detach(() => assert.equal(context.current, rootContext));
  });
});

test('what is entered afresh sees its own values through awaits, and nothing else that was stored', async () => {
  const others = new AsyncLocalStorage<string>();
  await others.run('of the caller', () =>
    context.run({ tenant: 'acme' }, async () => {
      const seen = await context.enterAfresh({ ...rootContext, tenant: 'other' }, async () => {
        await Promise.resolve();
        return [context.tenant, others.getStore()];
      });
      assert.deepEqual(seen, ['other', undefined]);
      assert.deepEqual([context.tenant, others.getStore()], ['acme', 'of the caller']);
    }),
  );
});
