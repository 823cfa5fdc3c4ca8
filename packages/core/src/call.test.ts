import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { type Call, type CallService, clientOf, takesContext } from './call.ts';
import { Cancellation } from './cancellation.ts';
import { systemClock } from './clock.ts';
import { context } from './context.ts';
import { contract } from './contract.ts';
import { deadlines } from './deadline.ts';

const counter = contract('counter.v1', {
  add: { input: z.int(), output: z.int(), deadline: '300ms' },
  count: { input: z.int(), output: z.int(), stream: true },
});

/** Counts from 0 below the input, and notes how it ended. */
function counting(notes: string[] = []): CallService {
  return async ({ input }) =>
    (async function* () {
      try {
        for (let n = 0; n < (input as number); n++) yield n;
        notes.push('ended');
      } finally {
        notes.push(context.signal.aborted ? 'aborted' : 'finished');
      }
    })();
}

test('a call carries the procedure and the input, under the deadline of the procedure', async () => {
  let seen: Call | undefined;
  let left = 0;
  const client = clientOf(counter, async (call) => {
    seen = call;
    left = context.timeLeft();
    return 5;
  });
  assert.equal(await client.add(4), 5);
  assert.deepEqual([seen!.procedure.path, seen!.input], ['/counter.v1/add', 4]);
  assert.ok(left <= 300);
});

test('the sooner deadline holds: of the procedure, of the call or of the caller', async () => {
  const client = clientOf(counter, async () => context.timeLeft());
  const within = async (left: Promise<number>, ms: number) => {
    const actual = await left;
    assert.ok(actual > ms - 50 && actual <= ms, `${actual} is not about ${ms}`);
  };
  await within(client.add(1, { deadline: '100ms' }), 100);
  await within(client.add(1, { deadline: '10s' }), 10_000);
  const caller = { deadline: systemClock.now() + 200 };
  await within(
    context.run(caller, () => client.add(1, { deadline: '10s' })),
    200,
  );
});

test('a call that gets no answer settles by its deadline', async () => {
  const client = clientOf(counter, () => new Promise(() => {}));
  const alive = setTimeout(() => {}, 10_000);
  await assert.rejects(client.add(1, { deadline: '20ms' }), { code: 'DEADLINE_EXCEEDED' });
  await assert.rejects(client.count(1, { deadline: '20ms' })[Symbol.asyncIterator]().next(), {
    code: 'DEADLINE_EXCEEDED',
  });
  clearTimeout(alive);
});

test('a wrong option rejects like any other failure', async () => {
  const client = clientOf(counter, async () => 1);
  await assert.rejects(client.add(1, { deadline: 'soon' as '1s' }), { code: 'INVALID_INPUT' });
});

test('a signal cancels the call, and calls leave nothing behind on a caller that lives on', async () => {
  const controller = new AbortController();
  const caller = new Cancellation();
  let listening = 0;
  const { onCancel } = caller;
  caller.onCancel = (listener) => {
    listening++;
    const off = onCancel.call(caller, listener);
    return () => {
      listening--;
      off();
    };
  };
  const { signal } = controller;
  const quick = clientOf(counter, async () => 1);
  await context.run({ cancellation: caller }, async () => {
    for (let n = 0; n < 20; n++) await quick.add(n, { signal });
    for await (const _ of clientOf(counter, counting()).count(3, { signal }));
  });
  assert.deepEqual([listening, deadlines.size], [0, 0]);
  const hanging = clientOf(counter, () => new Promise(() => {}));
  const call = hanging.add(1, { signal });
  controller.abort(new Error('enough'));
  await assert.rejects(call, { code: 'CANCELED' });
});

test('a stream gives its items in order and ends', async () => {
  const notes: string[] = [];
  const items: number[] = [];
  for await (const item of clientOf(counter, counting(notes)).count(3)) items.push(item);
  assert.deepEqual(
    [items, notes],
    [
      [0, 1, 2],
      ['ended', 'finished'],
    ],
  );
});

test('a consumer that leaves cancels the producer', async () => {
  const notes: string[] = [];
  for await (const item of clientOf(counter, counting(notes)).count(1_000)) if (item === 2) break;
  assert.deepEqual(notes, ['aborted']);
});

test('a stream whose producer hangs settles by the deadline, even if the producer heeds nothing', async () => {
  const client = clientOf(counter, async () =>
    (async function* () {
      yield 0;
      await new Promise(() => {});
    })(),
  );
  const alive = setTimeout(() => {}, 10_000);
  const items: number[] = [];
  await assert.rejects(
    async () => {
      for await (const item of client.count(1, { deadline: '30ms' })) items.push(item);
    },
    { code: 'DEADLINE_EXCEEDED' },
  );
  clearTimeout(alive);
  assert.deepEqual(items, [0]);
});

test('a stream that fails gives the items before it and then the error', async () => {
  const client = clientOf(counter, async () =>
    (async function* () {
      yield 0;
      throw new Error('broken');
    })(),
  );
  const iterator = client.count(1)[Symbol.asyncIterator]();
  assert.deepEqual(await iterator.next(), { value: 0, done: false });
  await assert.rejects(iterator.next(), { message: 'broken' });
  assert.deepEqual(await iterator.next(), { value: undefined, done: true });
});

test('to a service that takes it, the context goes along with the call', async () => {
  const seen: Call[] = [];
  const service = takesContext(async (call) => {
    seen.push(call);
    return context.tenant;
  });
  const client = clientOf(counter, service);
  const tenant = await context.run({ tenant: 'acme' }, () => client.add(1, { deadline: '100ms' }));
  assert.equal(tenant, 'acme' as unknown as number);
  const [call] = seen;
  assert.equal(call?.context?.tenant, 'acme');
  assert.ok(call.context.deadline <= call.at! + 100);
  const cancellation = new Cancellation();
  cancellation.cancel('left');
  for (const gone of [{ cancellation }, { deadline: systemClock.now() - 1 }])
    await assert.rejects(
      context.run(gone, () => client.add(1)),
      { code: 'cancellation' in gone ? 'CANCELED' : 'DEADLINE_EXCEEDED' },
    );
  assert.equal(seen.length, 1);
});
