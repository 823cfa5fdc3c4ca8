import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { type Call, type CallFilter, clientOf } from './call.ts';
import { Cancellation } from './cancellation.ts';
import { type ContextValues, context, rootContext } from './context.ts';
import { type Client, contract, type Handlers } from './contract.ts';
import { fail, type GoblinError } from './errors.ts';
import { answersOf, procedureService } from './procedures.ts';
import { testTelemetry } from './telemetry/test-telemetry.ts';

const tax = contract('tax.v1', {
  quote: {
    input: z.object({ country: z.string().length(2) }),
    output: z.object({ rate: z.number() }),
    errors: ['UNKNOWN_COUNTRY'],
    deadline: '50ms',
  },
  count: { input: z.object({ to: z.int() }), output: z.int(), stream: true },
});

/** A client directly in front of the server's filters, as within one process. */
function clientWith(handlers: Partial<Handlers<typeof tax>>): Client<typeof tax> {
  const all: Handlers<typeof tax> = {
    quote: () => ({ rate: 0.2 }),
    async *count({ to }) {
      for (let i = 1; i <= to; i++) yield i;
    },
    ...handlers,
  };
  return clientOf(tax, procedureService(tax, all, testTelemetry()));
}

test('a handler never sees input that its schema refuses, and the caller is told which field', async () => {
  let calls = 0;
  const client = clientWith({ quote: () => ({ rate: ++calls }) });
  await assert.rejects(client.quote({ country: 'FRA' }), (error: GoblinError) => {
    assert.equal(error.code, 'INVALID_INPUT');
    assert.match(error.message, /the input of \/tax\.v1\/quote is not valid: country: /);
    return true;
  });
  assert.equal(calls, 0);
});

test('what the output schema does not declare does not leave the service', async () => {
  const answer = await clientWith({ quote: () => ({ rate: 0.2, secret: 'x' }) as { rate: number } }).quote({
    country: 'FR',
  });
  assert.deepEqual(answer, { rate: 0.2 });
});

test('output that breaks the contract is a fault of the service', async () => {
  const client = clientWith({ quote: () => ({ rate: 'much' }) as unknown as { rate: number } });
  await assert.rejects(client.quote({ country: 'FR' }), { code: 'INTERNAL' });
});

test('a declared code reaches the caller with its data', async () => {
  const client = clientWith({ quote: ({ country }) => fail('UNKNOWN_COUNTRY', { country }) });
  await assert.rejects(client.quote({ country: 'XX' }), { code: 'UNKNOWN_COUNTRY', data: { country: 'XX' } });
});

test('an undeclared code and a plain error are told as INTERNAL without their words', async () => {
  for (const handler of [() => fail('SURPRISE'), () => assert.fail('the password is 1234')]) {
    await assert.rejects(clientWith({ quote: handler }).quote({ country: 'FR' }), (error: GoblinError) => {
      assert.equal(error.code, 'INTERNAL');
      assert.doesNotMatch(error.message, /SURPRISE|1234/);
      return true;
    });
  }
});

test('a handler that takes too long is cut off at the deadline and told so by its signal', async () => {
  let told: unknown;
  const client = clientWith({
    quote: () =>
      new Promise(() => {
        const { signal } = context;
        signal.addEventListener('abort', () => {
          told = signal.reason;
        });
      }),
  });
  await assert.rejects(client.quote({ country: 'FR' }), { code: 'DEADLINE_EXCEEDED' });
  assert.equal((told as GoblinError).code, 'DEADLINE_EXCEEDED');
});

test('a stream checks each item, and ends the producer when the consumer leaves', async () => {
  const ended = Promise.withResolvers<void>();
  const client = clientWith({
    async *count() {
      try {
        for (let i = 1; ; i++) yield i;
      } finally {
        ended.resolve();
      }
    },
  });
  for await (const item of client.count({ to: 9 })) if (item === 3) break;
  await ended.promise;
  const broken = clientWith({
    async *count() {
      yield 1;
      yield 'two' as unknown as number;
    },
  });
  await assert.rejects(
    async () => {
      for await (const item of broken.count({ to: 2 })) assert.equal(item, 1);
    },
    { code: 'INTERNAL' },
  );
});

/** Calls that bring their context, as a transport makes them. */
function broughtCall(input: unknown, changes: Partial<ContextValues> = {}): Call {
  const values = { ...rootContext, deadline: performance.now() + 1_000, ...changes };
  return { procedure: tax.procedures.quote, input, context: values, at: performance.now() };
}

test('an answer that is there at once needs no promise, one that is not gets one, and errors are the same', async () => {
  const quote = ({ country }: { country: string }) => {
    if (country === 'XX') fail('UNKNOWN_COUNTRY');
    return country === 'FR' ? { rate: 0.2 } : Promise.resolve({ rate: 0.19 });
  };
  const service = procedureService(tax, { quote, async *count() {} }, testTelemetry());
  const answer = answersOf(service);
  assert.deepEqual(answer(broughtCall({ country: 'FR' })), { rate: 0.2 });
  assert.deepEqual(await answer(broughtCall({ country: 'DE' })), { rate: 0.19 });
  assert.throws(() => answer(broughtCall({ country: 'XX' })), { code: 'UNKNOWN_COUNTRY' });
  assert.throws(() => answer(broughtCall({ country: 'FRA' })), { code: 'INVALID_INPUT' });
  await assert.rejects(service(broughtCall({ country: 'XX' })), { code: 'UNKNOWN_COUNTRY' });
});

test('the context that a call brings is the current one for its handler', async () => {
  const seen: unknown[] = [];
  const handlers = {
    quote: async () => {
      seen.push(context.tenant);
      await Promise.resolve();
      seen.push(context.tenant, context.trace?.traceId);
      return { rate: 1 };
    },
    async *count() {},
  };
  const telemetry = testTelemetry();
  const answer = answersOf(procedureService(tax, handlers, telemetry));
  const trace = telemetry.tracer.start('caller').context;
  await answer(broughtCall({ country: 'FR' }, { tenant: 'acme', trace }));
  assert.deepEqual(seen, ['acme', 'acme', trace.traceId]);
  assert.equal(context.tenant, undefined);
});

test('a handler that waits is cut off when its call is cancelled or too late, and told by its signal', async () => {
  const reasons: string[] = [];
  const handlers = {
    quote: () =>
      new Promise<never>(() => {
        const { signal } = context;
        signal.addEventListener('abort', () => reasons.push((signal.reason as GoblinError).code));
      }),
    async *count() {},
  };
  const answer = answersOf(procedureService(tax, handlers, testTelemetry()));
  const cancellation = new Cancellation();
  const waiting = answer(broughtCall({ country: 'FR' }, { cancellation }));
  cancellation.cancel('left');
  await assert.rejects(waiting as Promise<never>, { code: 'CANCELED' });
  const alive = setInterval(() => {}, 1_000);
  const late = answer(broughtCall({ country: 'FR' }, { deadline: performance.now() + 20 }));
  await assert.rejects(late as Promise<never>, { code: 'DEADLINE_EXCEEDED' });
  clearInterval(alive);
  assert.deepEqual(reasons, ['CANCELED', 'DEADLINE_EXCEEDED']);
});

test('a handler may answer with what runs when it is awaited, and filters may answer for it', async () => {
  // biome-ignore lint/suspicious/noThenProperty: as queries of some database clients are
  const lazy = { then: (resolve: (output: unknown) => void) => resolve({ rate: 0.5, secret: 1 }) };
  const handlers = { quote: () => lazy as unknown as { rate: number }, async *count() {} };
  const plain = procedureService(tax, handlers, testTelemetry());
  assert.deepEqual(await plain(broughtCall({ country: 'FR' })), { rate: 0.5 });
  const doubled: CallFilter = async (call, next) => {
    const { rate } = (await next(call)) as { rate: number };
    return { rate: rate * 2 };
  };
  const filtered = procedureService(tax, handlers, testTelemetry(), [doubled]);
  assert.deepEqual(await filtered(broughtCall({ country: 'FR' })), { rate: 1 });
});
